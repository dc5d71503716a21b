"$SAFE_LOAD" explain "$EXAMPLES/best_model_acc.pth"
"$SAFE_LOAD" explain --json "$EXAMPLES/best_model_acc.pth"
printf "PK\003\004" > cut.pth
"$SAFE_LOAD" explain cut.pth
