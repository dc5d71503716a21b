cp "$EXAMPLES/best_model_acc.pth" "$(printf "a\033[31mb.pth")"
"$SAFE_LOAD" a*b.pth | head -1
"$SAFE_LOAD" "$(printf "no\033[31m.pth")"
