#!/bin/bash
# safecat puts a message into a Maildir under a name that begins with the seconds of the delivery.
# A good guess: these are the seconds of the Unix clock, as with every other deliverer.
# Seen: they are 10 seconds ahead of it (the difference that TAI had to UTC in 1972). Who sorts by name shows mail that another
# deliverer wrote up to 10 seconds later in front of it, and who compares names with the clock meets mail from the future.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
apt-get download -qq safecat=1.13-3+b1 2>/dev/null
dpkg -x safecat_*.deb root
mkdir -p box/tmp box/new
echo "safecat 1.13-3+b1"
before=$(date +%s)
name=$(printf 'Subject: one\n\ntext\n' | root/usr/bin/safecat box/tmp box/new)
after=$(date +%s)
echo "clock:    $before to $after"
echo "expected: a name of $before to $after"
echo "seen:     $name"
seconds=${name%%.*}
[ "$seconds" -ge $((before + 10)) ] && [ "$seconds" -le $((after + 10)) ]
