#!/bin/bash
# A program compares st_dev of a folder and of the regular files in it, on an overlayfs whose two layers are on two file systems.
# A good guess: one mount, one device number, as find -xdev and tar --one-file-system have it.
# Seen: the folder has the overlay's number and each file one of its own layer's, also where st_ino agrees with the folder's list;
# once a file has been copied up by a rename, the number that readdir(3) tells of it and its st_ino differ.
set -eu
[ -n "${INSIDE:-}" ] || exec env INSIDE=1 unshare --mount --propagation private "$0"
work=$(mktemp -d)
trap 'cd /; umount "$work/all" "$work/high" "$work/low" 2>/dev/null || true; rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
apt-get download -qq coreutils=9.1-1 2>/dev/null
dpkg -x coreutils_*.deb root
stat=$work/root/usr/bin/stat
mkdir low high all
mount -t tmpfs low low
mount -t tmpfs high high
mkdir low/box high/up high/work
echo one >low/box/1
echo two >low/box/2
mount -t overlay -o lowerdir=low,upperdir=high/up,workdir=high/work,xino=off overlay all
echo "Linux $(uname -r), $("$stat" --version | head -1)"
folder=$("$stat" -c %d all/box) file=$("$stat" -c %d all/box/1)
echo "device: expected the folder's for the file; seen folder $folder, file $file"
mv all/box/2 all/box/3
entry=$(python3 -c 'import os; print(next(e.inode() for e in os.scandir("all/box") if e.name == "3"))')
inode=$("$stat" -c %i all/box/3)
echo "inode of a file that was renamed: expected one number; seen in the folder $entry, by stat $inode"
[ "$folder" != "$file" ] && [ "$entry" != "$inode" ]
