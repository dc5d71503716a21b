"$SAFE_LOAD" --color=always "$EXAMPLES/best_model_acc.pth" | head -2
