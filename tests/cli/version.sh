"$SAFE_LOAD" --version
