/* base/tlspolicy.h - what a TLS server demands, as plain data.
 *
 * The settings fill it (config/settings.h), tls/ obeys it.
 */
#pragma once

#include <stdbool.h>

/* Whether clients are asked for a certificate, and whether they must have one. */
enum tls_verify { TLS_VERIFY_NONE, TLS_VERIFY_OPTIONAL, TLS_VERIFY_REQUIRED };

/* The field of a client's certificate that names its user. */
enum tls_name { TLS_NAME_CN, TLS_NAME_EMAIL, TLS_NAME_DNS, TLS_NAME_UPN };

struct tls_policy {
	bool only_tls13;          /* otherwise TLS 1.2, too */
	bool refuse_unknown;      /* a name in SNI that no certificate has is fatal */
	const char *ciphers;      /* TLS 1.2, as OpenSSL names them */
	const char *ciphersuites; /* TLS 1.3 */
	const char *groups;       /* for key exchange */
	enum tls_verify verify;
	enum tls_name client_name;
};
