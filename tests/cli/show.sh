"$SAFE_LOAD" show "$EXAMPLES/best_model_acc.pth" model.fc.weight
"$SAFE_LOAD" show "$EXAMPLES/best_model_acc.pth" '$["args"].lr'
"$SAFE_LOAD" show "$EXAMPLES/best_model_acc.pth" '$["optimizer"]["param_groups"][0]["betas"]'
