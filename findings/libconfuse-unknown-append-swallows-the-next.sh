#!/bin/bash
# libconfuse is told to pass over unknown options (CFGF_IGNORE_UNKNOWN), and one of them is a list that is added to.
# A good guess: "bogus += {1}" is passed over as "bogus = {1}" is, and the option in the next line counts.
# Seen: the option behind it is passed over, too, with success and without a word.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
apt-get download -qq libconfuse-dev=3.3-3 libconfuse2=3.3-3 2>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
lib=$PWD/root/usr/lib/$(gcc -print-multiarch)
cat >unknown.c <<'END'
#include <confuse.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	(void)argc;
	cfg_opt_t options[] = {CFG_STR("path", "unset", CFGF_NONE), CFG_END()};
	cfg_t *cfg = cfg_init(options, CFGF_IGNORE_UNKNOWN);
	int rc = cfg_parse_buf(cfg, argv[1]);

	printf("%s%s\n", rc == CFG_SUCCESS ? "" : "refused, ", cfg_getstr(cfg, "path"));
	return 0;
}
END
gcc -Iroot/usr/include unknown.c -o unknown -L"$lib" -lconfuse -Wl,-rpath-link,"$lib"
export LD_LIBRARY_PATH=$lib
echo "libconfuse 3.3-3"
given=$(./unknown $'bogus = {1}\npath = /srv\n')
added=$(./unknown $'bogus += {1}\npath = /srv\n')
echo "bogus = {1},  path = /srv    expected /srv   seen $given"
echo "bogus += {1}, path = /srv    expected /srv   seen $added"
[ "$given" = /srv ] && [ "$added" = unset ]
