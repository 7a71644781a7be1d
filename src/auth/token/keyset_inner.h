/* auth/token/keyset_inner.h - a set of keys, for the files that fill and use it.
 *
 * Prefix: keyset_.
 */
#pragma once

#include <cjose/cjose.h>
#include <sodium.h>
#include <stdatomic.h>

#include "auth/token/keyset.h"

/* A key is either cjose's or, since cjose has no EdDSA, one of Ed25519. */
struct keyset_key {
	cjose_jwk_t *jwk; /* NULL: the key is ed25519 */
	unsigned char ed25519[crypto_sign_ed25519_PUBLICKEYBYTES];
	unsigned algorithms; /* bits of enum jwa: what the key may be used for */
	char *kid;           /* NULL: the key has no name */
};

struct keyset {
	atomic_uint references;
	size_t count;
	struct keyset_key at[KEYSET_MAX];
};

/* Add a key for the algorithm `alg`, or (alg.at is NULL) for every algorithm that takes
 * it. `kid` may be NULL. The set owns the key from here on. Returns NULL, or why the
 * key was left out. */
const char *keyset_add(struct keyset *keys, struct keyset_key key, struct span alg,
		       const char *kid);

/* Is this base64url without padding (RFC 7515 section 2), of at least one octet? */
bool keyset_is_base64url(struct span s);
