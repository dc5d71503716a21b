printf 'cos\ngetcwd\n(tR.' > evil.pkl
printf 'cmylib\nThing\n)\201.' > unknown.pkl
printf '\200\002}q\000.' > plain.pkl
printf '\200\002}q\000' > cut.pkl
printf 'nothing here' > notes.txt
cp "$EXAMPLES/best_model_acc.pth" .
"$SAFE_LOAD" scan -v .
echo "exit $?"
"$SAFE_LOAD" scan best_model_acc.pth plain.pkl
echo "exit $?"
"$SAFE_LOAD" scan -q notes.txt
echo "exit $?"
