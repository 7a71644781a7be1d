/* tls/staple.h - checks OCSP responses for the server's own certificates.
 *
 * Prefix: staple_. RFC 6960; RFC 6066 section 8.
 */
#pragma once

#include <openssl/x509.h>

#include "base/span.h"

struct staple {
	unsigned char *at; /* DER; NULL: none that can be used */
	size_t len;
	int64_t from, until; /* when it may be sent, seconds since 1970 */
	const char *wrong;   /* if `at` is NULL: why; NULL: none given, or no memory */
};

/* Check the response for the certificate `own`, whose `chain` has its issuer first, and
 * copy it; if it cannot be used, out->wrong says why. */
void staple_init(struct staple *out, X509 *own, STACK_OF(X509) * chain,
		 struct span der);
void staple_done(struct staple *s);

/* Is there a response that may be sent at the time `now`? */
static inline bool staple_is_good(const struct staple *s, int64_t now)
{
	return s->at && now >= s->from && now < s->until;
}

/* Seconds since 1970; 0: `time` cannot be read. */
int64_t staple_seconds(const ASN1_TIME *time);
