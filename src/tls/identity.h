/* tls/identity.h - a certificate with its chain, key and staple, parsed.
 *
 * Prefix: identity_.
 */
#pragma once

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "tls/names.h"
#include "tls/pair.h"
#include "tls/staple.h"

struct identity {
	X509 *own;
	STACK_OF(X509) * chain; /* without own; its issuer comes first */
	EVP_PKEY *key;
	struct staple staple;
};

/* Parse a pair. FAULT_SETUP: as with tls_pair_check. The caller passes *out to
 * identity_done, also after a fault. */
MUST_USE enum fault identity_init(struct identity *out, const struct tls_pair *pair,
				  struct why *why);
void identity_done(struct identity *id);

/* Add the host names of the certificate to *names, as those of `owner`. False: out of
 * memory. */
MUST_USE bool identity_names(const struct identity *id, unsigned owner,
			     struct names *names);

/* A BIO to read PEM text from; NULL: out of memory. The callback, for OpenSSL's
 * readers, gives no passphrase. */
BIO *identity_bio(struct span pem);
pem_password_cb identity_no_password;

/* Has reading PEM ended because the text ended, and not at something malformed? */
MUST_USE bool identity_at_end(void);
