printf '\200\002}q\000.' > plain.pkl
for command in "scan" "scan --format json" "ls" "explain"; do
  "$SAFE_LOAD" $command plain.pkl >&-
  echo "$command: $?"
  "$SAFE_LOAD" $command plain.pkl > /dev/full
  echo "$command: $?"
done
"$SAFE_LOAD" scan -q plain.pkl -o report >&-
echo "exit $?"
cat report
