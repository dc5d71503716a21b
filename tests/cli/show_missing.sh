"$SAFE_LOAD" show "$EXAMPLES/best_model_acc.pth" model.no.such
