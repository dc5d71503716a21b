"$SAFE_LOAD" "$EXAMPLES/best_model_acc.pth"
