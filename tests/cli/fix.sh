cp "$EXAMPLES/best_model_acc.pth" best.pth
"$SAFE_LOAD" fix best.pth -o plain.pth && "$SAFE_LOAD" explain plain.pth
"$SAFE_LOAD" fix best.pth --check; echo "exit $?"
"$SAFE_LOAD" fix plain.pth --check; echo "exit $?"
"$SAFE_LOAD" fix best.pth -o plain.pth; echo "exit $?"
"$SAFE_LOAD" fix best.pth -o plain.pth --dry-run --force; echo "exit $?"
"$SAFE_LOAD" fix plain.pth -o ./plain.pth --force; echo "exit $?"
"$SAFE_LOAD" fix best.pth; echo "exit $?"
"$SAFE_LOAD" fix best.pth --check -o x.pth; echo "exit $?"
ls
