#!/bin/bash
# A Meson project sets sysconfdir=/etc in its default_options; somebody sets the prefix of a configured folder once more.
# A good guess: "meson configure -Dprefix=P" changes the prefix, and sysconfdir stays what the project has said.
# Seen: sysconfdir becomes "etc", below the prefix, even where P is the prefix that the folder has already: an installation that
# went to /etc goes to P/etc from then on.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
apt-get download -qq meson=1.0.1-5 ninja-build=1.11.1-2~deb12u1 2>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
PYTHONPATH=$PWD/root/usr/lib/python3/dist-packages PATH=$PWD/root/usr/bin:$PATH
export PYTHONPATH PATH
mkdir project
echo "project('one', default_options: ['sysconfdir=/etc'])" >project/meson.build
meson() { /usr/bin/python3 root/usr/bin/meson "$@"; }
told() { meson configure build | awk '$1 == "sysconfdir" { print $2 }'; }
echo "Meson $(meson --version)"
meson setup build project >/dev/null
before=$(told)
meson configure build -Dprefix=/usr/local
after=$(told)
echo "sysconfdir: after setup $before; after configure -Dprefix=/usr/local expected $before, seen $after"
[ "$before" = /etc ] && [ "$after" = etc ]
