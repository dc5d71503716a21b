printf '\200\002}q\000.' > plain.pkl
ln -s plain.pkl link.pkl
"$SAFE_LOAD" scan -q plain.pkl -o report && cat report
"$SAFE_LOAD" scan -q . -o report && ls -A
for output in plain.pkl link.pkl ./../*/plain.pkl missing/report .; do
  "$SAFE_LOAD" scan -q . plain.pkl -o "$output" 2>&1 | sed 's|[^ ]*/tmp[^/]*/||'
done
mkfifo pipe
cat pipe &
"$SAFE_LOAD" scan -q plain.pkl -o pipe && wait && [ -p pipe ] && echo "a pipe stays one"
od -c plain.pkl
ls -A
