"$SAFE_LOAD" scan --explain P01
"$SAFE_LOAD" scan --list-rules | wc -l
"$SAFE_LOAD" scan --explain P99
echo "exit $?"
"$SAFE_LOAD" scan
