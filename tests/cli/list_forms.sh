"$SAFE_LOAD" ls --summary "$EXAMPLES/best_model_acc.pth" "$EXAMPLES/best_model_acc.pth"
"$SAFE_LOAD" ls --sort size "$EXAMPLES/best_model_acc.pth" | head -8
"$SAFE_LOAD" ls --sort name "$EXAMPLES/best_model_acc.pth" | head -8
"$SAFE_LOAD" ls --tree "$EXAMPLES/best_model_acc.pth" | head -14
"$SAFE_LOAD" --tree --sort size "$EXAMPLES/best_model_acc.pth" | head -6
"$SAFE_LOAD" ls --sort colour "$EXAMPLES/best_model_acc.pth" 2>&1 | head -1
