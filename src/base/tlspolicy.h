/* base/tlspolicy.h - the settings of a TLS server, as plain data.
 *
 * The configuration fills it (config/settings.h); tls/ applies it.
 */
#pragma once

#include <stdbool.h>

/* Whether the server asks clients for a certificate, and whether they must send one. */
enum tls_verify { TLS_VERIFY_NONE, TLS_VERIFY_OPTIONAL, TLS_VERIFY_REQUIRED };

/* The field of a client's certificate that holds the user name. */
enum tls_name { TLS_NAME_CN, TLS_NAME_EMAIL, TLS_NAME_DNS, TLS_NAME_UPN };

struct tls_policy {
	bool only_tls13;     /* otherwise TLS 1.2 is allowed as well */
	bool refuse_unknown; /* end the handshake if no certificate has the SNI name */
	const char *ciphers; /* for TLS 1.2, in OpenSSL's syntax */
	const char *ciphersuites; /* for TLS 1.3, likewise */
	const char *groups;       /* for key exchange */
	const char *protocol;     /* its name in ALPN (RFC 7301) */
	enum tls_verify verify;
	enum tls_name client_name;
};
