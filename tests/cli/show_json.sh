"$SAFE_LOAD" show --json "$EXAMPLES/best_model_acc.pth" model.conv.weight
