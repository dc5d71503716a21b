cp "$EXAMPLES/best_model_acc.pth" best.pth
"$SAFE_LOAD" convert best.pth weights.safetensors && "$SAFE_LOAD" --summary weights.safetensors
"$SAFE_LOAD" convert best.pth weights.safetensors; echo "exit $?"
"$SAFE_LOAD" convert best.pth weights.safetensors --force --key 'optimizer.state.0' --dry-run; echo "exit $?"
"$SAFE_LOAD" convert weights.safetensors ./weights.safetensors --force; echo "exit $?"
"$SAFE_LOAD" convert best.pth weights.bin; echo "exit $?"
"$SAFE_LOAD" convert best.pth missing/weights.safetensors; echo "exit $?"
"$SAFE_LOAD" convert best.pth other.safetensors --key nothing.here; echo "exit $?"
ls
