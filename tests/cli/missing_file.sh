"$SAFE_LOAD" no/such/file.pth
