#!/bin/bash
# mdeliver (mblaze), safecat and procmail deliver into a Maildir and report success.
# A good guess: before that, each has synced the file and, since a name is the folder's data, the folder new.
# Seen: all three sync the file alone. Whether the name survives a loss of power is left to the file system; the MTA has been told
# that the mail is stored.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
apt-get download -qq mblaze=1.1-1 safecat=1.13-3+b1 procmail=3.22-27 strace=6.1-0.1 libunwind8=1.6.2-3 2>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$PWD/root/usr/lib/$(uname -m)-linux-gnu
export LD_LIBRARY_PATH
echo "mblaze 1.1-1, safecat 1.13-3+b1, procmail 3.22-27"
printf 'MAILDIR=%s\n:0\nbox/\n' "$work" >rc
surprised=0
deliver() {
	rm -rf box trace
	mkdir -p box/tmp box/new box/cur
	printf 'Subject: one\n\ntext\n' | root/usr/bin/strace -f -y -o trace -e trace=fsync,fdatasync,sync,syncfs "$@" >/dev/null 2>&1
	file=$(grep -c 'sync([0-9]*</.*/box/tmp/' trace || true)
	folder=$(grep -cE 'sync\([0-9]*</.*/box/(new|cur)>|syncfs\(|[ =]sync\(\)' trace || true)
	echo "$(basename "${1##*/}"): expected the file and the folder synced; seen file $file, folder $folder"
	[ "$file" -gt 0 ] && [ "$folder" -eq 0 ] && [ -n "$(ls box/new)" ] && surprised=$((surprised + 1)) || true
}
deliver root/usr/bin/mdeliver box
deliver root/usr/bin/safecat box/tmp box/new
deliver root/usr/bin/procmail -m rc
[ "$surprised" -eq 3 ]
