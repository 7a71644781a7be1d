#!/bin/bash
# libconfuse reads a value without quotes that has a '#' in its midst.
# A good guess: as in a shell, '#' begins a comment only where a word could begin, so that "path = /srv/mail#2" is the whole path.
# Seen: the value ends before the '#' and the rest of the line is dropped, with success and without a word. "//", which begins
# a comment too, belongs to the value in the same place.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
apt-get download -qq libconfuse-dev=3.3-3 libconfuse2=3.3-3 2>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
lib=$PWD/root/usr/lib/$(gcc -print-multiarch)
cat >value.c <<'END'
#include <confuse.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	(void)argc;
	cfg_opt_t options[] = {CFG_STR("path", "unset", CFGF_NONE), CFG_END()};
	cfg_t *cfg = cfg_init(options, CFGF_NONE);
	int rc = cfg_parse_buf(cfg, argv[1]);

	printf("%s%s\n", rc == CFG_SUCCESS ? "" : "refused, ", cfg_getstr(cfg, "path"));
	return 0;
}
END
gcc -Iroot/usr/include value.c -o value -L"$lib" -lconfuse -Wl,-rpath-link,"$lib"
export LD_LIBRARY_PATH=$lib
echo "libconfuse 3.3-3"
hash=$(./value 'path = /srv/mail#2')
slashes=$(./value 'path = /srv//mail')
echo "path = /srv/mail#2    expected /srv/mail#2   seen $hash"
echo "path = /srv//mail     expected /srv//mail    seen $slashes"
[ "$hash" = /srv/mail ] && [ "$slashes" = /srv//mail ]
