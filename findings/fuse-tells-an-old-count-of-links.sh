#!/bin/bash
# bindfs, a FUSE file system: a program links a file to a second name and asks at once how many names the first has.
# A good guess: 2, since both calls went through the same mount and the same kernel.
# Seen: still 1. libfuse lets the kernel keep a file's attributes for a second, and link(2) renews those of the new name only when
# it is looked up: the old name goes on telling the old count. Who removes "the last name" by st_nlink leaves one behind.
set -eu
work=$(mktemp -d)
trap 'cd /; umount "$work/mount" 2>/dev/null || true; rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
apt-get download -qq bindfs=1.14.7-1 libfuse3-3=3.14.0-4 2>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$(find "$PWD/root" -name 'libfuse3.so.3' -printf '%h')
export LD_LIBRARY_PATH
mkdir box mount
echo text >box/one
root/usr/bin/bindfs --version
root/usr/bin/bindfs box mount
seen=$(python3 -c '
import os
os.stat("mount/one")
os.link("mount/one", "mount/two")
print(os.stat("mount/one").st_nlink)')
echo "names of the file, asked behind link(2): expected 2; seen $seen; below the mount $(stat -c %h box/one)"
[ "$seen" = 1 ] && [ "$(stat -c %h box/one)" = 2 ]
