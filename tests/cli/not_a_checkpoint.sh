printf "<!DOCTYPE html>" > page.pth; : > empty.pth
for f in page.pth empty.pth; do "$SAFE_LOAD" $f; echo $?; done
