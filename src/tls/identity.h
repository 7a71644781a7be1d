/* tls/identity.h - a certificate with its chain, its key and its staple, read.
 *
 * Prefix: identity_.
 */
#pragma once

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "tls/names.h"
#include "tls/tls.h"

struct identity {
	X509 *own;
	STACK_OF(X509) * chain; /* without own, its issuer first */
	EVP_PKEY *key;
	unsigned char *staple; /* DER; NULL: none that can be used */
	size_t staple_len;
	int64_t staple_from, staple_until; /* seconds since 1970 */
	const char *staple_wrong;          /* why there is none */
};

/* FAULT_SETUP as tls_pair_check tells it. On a fault, too, `out` is to be given to
 * identity_done. */
MUST_USE enum fault identity_init(struct identity *out, const struct tls_pair *pair,
				  struct why *why);
void identity_done(struct identity *id);

/* Put the names of its certificate into *names. False: out of memory. */
MUST_USE bool identity_names(const struct identity *id, unsigned owner,
			     struct names *names);

/* Read PEM text that may hold anything but a passphrase; NULL: out of memory. */
BIO *identity_bio(struct span pem);
pem_password_cb identity_no_password;

/* Has reading a BIO ended because nothing more was there, not because of rubbish? */
MUST_USE bool identity_at_end(void);

/* ---- tls/staple.c ---- */

/* Take the OCSP response (RFC 6960) for `id`, whose certificates are read; if it cannot
 * be used, say why in staple_wrong. */
void staple_init(struct identity *id, struct span der);

/* Is there one that is not stale? */
static inline bool staple_is_good(const struct identity *id, int64_t now)
{
	return id->staple && now >= id->staple_from && now < id->staple_until;
}

/* Seconds since 1970; 0 when it is no time. */
int64_t staple_seconds(const ASN1_TIME *time);
