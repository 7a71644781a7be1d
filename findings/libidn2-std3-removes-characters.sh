#!/bin/bash
# libidn2 makes the ASCII form of a domain for a look-up, with and without IDN2_USE_STD3_ASCII_RULES.
# A good guess: with the flag a domain that has other characters than letters, digits and hyphens is refused; without it, what
# comes out is at least one word.
# Seen: with the flag these characters are left out with success, so that a_b.example becomes ab.example, another domain; without
# it a full-width comma comes out as a comma, so that the result is no domain where a list of addresses is written.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
apt-get download -qq libidn2-dev=2.3.3-1+b1 libidn2-0=2.3.3-1+b1 2>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
lib=$PWD/root/usr/lib/$(gcc -print-multiarch)
cat >domain.c <<'END'
#include <idn2.h>
#include <stdio.h>
#include <string.h>

static int look(const char *domain, int flags, const char *expected, const char *seen_before)
{
	uint8_t *out = NULL;
	int rc = idn2_lookup_u8((const uint8_t *)domain, &out, IDN2_NONTRANSITIONAL | flags);
	const char *seen = rc == IDN2_OK ? (const char *)out : idn2_strerror_name(rc);

	printf("%-24s %-5s expected: %-22s seen: %s\n", domain, flags ? "STD3" : "", expected, seen);
	return strcmp(seen, seen_before) != 0;
}

int main(void)
{
	printf("libidn2 %s\n", idn2_check_version(NULL));
	int changed = look("a_b.example", IDN2_USE_STD3_ASCII_RULES, "an error", "ab.example");

	changed += look("\xc3\xa4_b.example", IDN2_USE_STD3_ASCII_RULES, "an error", "xn--b-zfa.example");
	changed += look("a\xef\xbc\x8c" "b.example", 0, "an error", "a,b.example");
	return changed != 0;
}
END
gcc -Iroot/usr/include domain.c -o domain -L"$lib" -lidn2 -Wl,-rpath-link,"$lib"
LD_LIBRARY_PATH=$lib ./domain
