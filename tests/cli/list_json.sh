"$SAFE_LOAD" --json "$EXAMPLES/best_model_acc.pth"
