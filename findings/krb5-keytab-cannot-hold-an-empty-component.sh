#!/bin/bash
# MIT Kerberos, ktutil: three keys go into a new keytab, that of the principal "pop/@R" (a name of two components, the second
# empty, which krb5_parse_name takes and kinit asks for) between two others.
# A good guess: a principal that the library can name is one that a keytab can hold; or the whole write fails.
# Seen: addent takes the principal, wkt says "Error writing to key table", and the file holds what came before it: who writes a
# keytab and looks only at the file finds some services working and the rest without keys.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
apt-get download -qq krb5-user=1.20.1-2+deb12u5 libkrb5-3=1.20.1-2+deb12u5 libkrb5support0=1.20.1-2+deb12u5 \
	libk5crypto3=1.20.1-2+deb12u5 libgssrpc4=1.20.1-2+deb12u5 libkadm5clnt-mit12=1.20.1-2+deb12u5 \
	libkadm5srv-mit12=1.20.1-2+deb12u5 libkdb5-10=1.20.1-2+deb12u5 2>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
ls ./*.deb | sed -n 's/^.*krb5-user_\([^_]*\)_.*/krb5-user \1/p'
export LD_LIBRARY_PATH=$PWD/root/usr/lib/$(gcc -print-multiarch)
{
	for who in first "" last; do
		echo "addent -password -p pop/$who@R.EXAMPLE -k 1 -e aes256-cts-hmac-sha1-96"
		echo secret
	done
	echo "wkt keytab"
} | root/usr/bin/ktutil >/dev/null 2>said || true
sed -n 's/^/said      /p' said
seen=$(root/usr/bin/klist -k keytab | sed -n 's/^ *1 //p' | tr '\n' ' ')
echo "expected  pop/first@R.EXAMPLE pop/@R.EXAMPLE pop/last@R.EXAMPLE, or nothing"
echo "seen      $seen"
[ "$seen" = "pop/first@R.EXAMPLE " ]
