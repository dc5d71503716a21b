"$SAFE_LOAD" --no-such-flag x.pth 2>/dev/null; echo $?
"$SAFE_LOAD" --no-such-flag x.pth 2>&1 | tail -1
"$SAFE_LOAD" show x.pth 2>/dev/null; echo $?
"$SAFE_LOAD" 2>/dev/null; echo $?
