"$SAFE_LOAD" --no-such-flag x.pth 2>/dev/null; echo $?
"$SAFE_LOAD" --no-such-flag x.pth 2>&1 | tail -1
"$SAFE_LOAD" show x.pth 2>/dev/null; echo $?
"$SAFE_LOAD" 2>/dev/null; echo $?
"$SAFE_LOAD" ls --no"$(printf '\033[31m\342\200\256\377')" x.pth 2>&1 | head -1
"$SAFE_LOAD" scan --format "$(printf '\033[31m')" x.pth 2>&1 | head -1
"$SAFE_LOAD" scan --color "$(printf '\033[31m')" x.pth 2>&1 | head -1
"$SAFE_LOAD" scan --files-from "$(printf 'no\033[31m')" 2>&1 | head -1
