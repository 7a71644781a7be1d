/* auth/token/keyset_inner.h - struct keyset, for the files that fill and use it.
 *
 * Prefix: keyset_.
 */
#pragma once

#include <cjose/cjose.h>
#include <sodium.h>
#include <stdatomic.h>

#include "auth/token/keyset.h"

/* A key of cjose or, since cjose lacks EdDSA, a key for Ed25519. */
struct keyset_key {
	cjose_jwk_t *jwk; /* NULL: the key is ed25519 */
	unsigned char ed25519[crypto_sign_ed25519_PUBLICKEYBYTES];
	unsigned algorithms; /* bits, 1 << enum jwa: the key checks signatures by these
				only */
	char *kid; /* the key's name (RFC 7517 section 4.5); NULL: it has none */
};

struct keyset {
	atomic_uint references;
	size_t count;
	struct keyset_key at[KEYSET_MAX];
};

/* Add a copy of `key` for the algorithm `alg` or, if alg.at is NULL, for every
 * algorithm that fits the key. keyset_add takes over key.jwk, even if it leaves the key
 * out; it sets `algorithms` and `kid` of the copy. `kid` is copied, and may be NULL.
 * Returns NULL, or why the key was left out. */
const char *keyset_add(struct keyset *keys, struct keyset_key key, struct span alg,
		       const char *kid);

/* Is this the base64url form, without padding, of at least one octet (RFC 7515 section
 * 2)? */
bool keyset_is_base64url(struct span s);
