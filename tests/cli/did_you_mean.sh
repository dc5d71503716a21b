"$SAFE_LOAD" explian "$EXAMPLES/best_model_acc.pth" 2>&1; echo $?
"$SAFE_LOAD" --jsno "$EXAMPLES/best_model_acc.pth" 2>&1; echo $?
"$SAFE_LOAD" scan --formt=json "$EXAMPLES/best_model_acc.pth" 2>&1; echo $?
"$SAFE_LOAD" show "$EXAMPLES/best_model_acc.pth" fc.bias 2>&1 | sed 's|.*/||'
"$SAFE_LOAD" show "$EXAMPLES/best_model_acc.pth" model.fc.baias 2>&1 | sed 's|.*/||'
"$SAFE_LOAD" show "$EXAMPLES/best_model_acc.pth" nothing.at.all 2>&1 | sed 's|.*/||'
