mkdir blobs snapshots
printf '\200\002}q\000.' > blobs/1
printf 'cos\ngetcwd\n(tR.' > blobs/2
ln -s ../blobs/1 snapshots/config.pkl
ln -s ../blobs/2 snapshots/model.bin
ln -s ../blobs/2 snapshots/model.PT
ln -s ../blobs/3 snapshots/lost.pt
ln -s .. snapshots/folder
mkfifo snapshots/pipe
"$SAFE_LOAD" scan -v snapshots
echo "exit $?"
"$SAFE_LOAD" scan -q .
echo "exit $?"
"$SAFE_LOAD" scan -q --follow-symlinks snapshots
echo "exit $?"
