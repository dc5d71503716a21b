"$SAFE_LOAD" -h | head -7
