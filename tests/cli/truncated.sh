head -c 5000 "$EXAMPLES/best_model_acc.pth" > cut.pth
"$SAFE_LOAD" cut.pth
