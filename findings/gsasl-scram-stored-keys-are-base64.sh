#!/bin/bash
# GNU SASL checks a SCRAM login against keys that a server stored instead of the password.
# A good guess, and what gsasl.h says of GSASL_SCRAM_STOREDKEY and GSASL_SCRAM_SERVERKEY: the callback sets them in hex.
# Seen: only base64 lets the right password in; in hex the login ends with GSASL_AUTHENTICATION_ERROR, as a wrong password does.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
apt-get download -qq libgsasl-dev=2.2.0-1+deb12u2 libgsasl18=2.2.0-1+deb12u2 libgssglue1=0.7-1.1 libntlm0=1.6-4 \
	libidn12=1.41-1 2>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
lib=$PWD/root/usr/lib/$(gcc -print-multiarch)
cat >login.c <<'END'
#include <gsasl.h>
#include <stdio.h>
#include <string.h>

static char **given; /* property names and values */

static int answer(Gsasl *ctx, Gsasl_session *s, Gsasl_property which)
{
	(void)ctx;
	const char *value = NULL;

	switch ((int)which) {
	case GSASL_AUTHID: value = "user"; break;
	case GSASL_PASSWORD: value = given[0][0] == 'p' || gsasl_session_hook_get(s) ? "pencil" : NULL; break;
	case GSASL_SCRAM_SALT: value = "W22ZaJ0SNY7soEsUEjb6gQ=="; break;
	case GSASL_SCRAM_ITER: value = "4096"; break;
	case GSASL_SCRAM_STOREDKEY: value = given[0][0] == 'k' ? given[1] : NULL; break;
	case GSASL_SCRAM_SERVERKEY: value = given[0][0] == 'k' ? given[2] : NULL; break;
	}
	return value ? gsasl_property_set(s, which, value) : GSASL_NO_CALLBACK;
}

int main(int argc, char **argv)
{
	(void)argc;
	given = argv + 1;
	if (!argv[1])
		return !printf("libgsasl %s\n", gsasl_check_version(NULL));
	Gsasl *ctx;
	Gsasl_session *client, *server;
	char *text = NULL, *reply = NULL;

	if (gsasl_init(&ctx) || (gsasl_callback_set(ctx, answer), gsasl_client_start(ctx, "SCRAM-SHA-256", &client))
	    || gsasl_server_start(ctx, "SCRAM-SHA-256", &server))
		return 2;
	gsasl_session_hook_set(client, client);
	int c = GSASL_NEEDS_MORE, s = GSASL_NEEDS_MORE;

	for (int i = 0; i < 6 && (c == GSASL_NEEDS_MORE || s == GSASL_NEEDS_MORE); i++) {
		c = gsasl_step64(client, reply ? reply : "", &text);
		if (c != GSASL_OK && c != GSASL_NEEDS_MORE)
			break;
		if (s == GSASL_OK)
			break;
		s = gsasl_step64(server, text, &reply);
		if (s != GSASL_OK && s != GSASL_NEEDS_MORE)
			break;
	}
	printf("%s\n", s == GSASL_OK ? "logged in" : gsasl_strerror_name(s));
	return s != GSASL_OK;
}
END
gcc -Iroot/usr/include login.c -o login -L"$lib" -lgsasl -Wl,-rpath-link,"$lib"
export LD_LIBRARY_PATH=$lib
./login
keys() { python3 -c '
import base64, hashlib, hmac, sys
salted = hashlib.pbkdf2_hmac("sha256", b"pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096)
stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
server = hmac.digest(salted, b"Server Key", "sha256")
shown = bytes.hex if sys.argv[1] == "hex" else lambda octets: base64.b64encode(octets).decode()
print(shown(stored), shown(server))' "$1"; }
password=$(./login password || true)
hex=$(./login keys $(keys hex) || true)
base64=$(./login keys $(keys base64) || true)
echo "the password:                     $password"
echo "stored and server key in hex:     $hex (expected: logged in)"
echo "stored and server key in base64:  $base64"
[ "$password" = "logged in" ] && [ "$base64" = "logged in" ] && [ "$hex" != "logged in" ]
