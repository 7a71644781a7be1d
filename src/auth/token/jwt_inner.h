/* auth/token/jwt_inner.h - what the files of jwt_ share.
 *
 * Prefix: jwt_.
 */
#pragma once

#include <cjose/cjose.h>
#include <sodium.h>
#include <stdatomic.h>

#include "auth/token/jwt.h"

/* One of the two: cjose has no EdDSA. */
struct jwt_key {
	cjose_jwk_t *jwk; /* NULL: it is the other */
	unsigned char ed25519[crypto_sign_ed25519_PUBLICKEYBYTES];
	unsigned algorithms; /* bits: what it may be used for */
	char *kid;           /* NULL: none */
};

struct jwt_keys {
	atomic_uint keepers;
	size_t count;
	struct jwt_key at[JWT_KEYS_MAX];
};

/* Octets in base64url, without padding; at least one. */
bool jwt_is_base64url(struct span s);

/* Add a key, for the algorithm that it names itself, or for all that take it (alg.at is
 * NULL). The key is the callee's; kid may be NULL. NULL when it has been taken,
 * otherwise what is wrong. */
const char *jwt_keys_add(struct jwt_keys *keys, struct jwt_key key, struct span alg,
			 const char *kid);

/* Public keys in PEM form. False: there is none. */
bool jwt_keys_take_pem(struct jwt_keys *keys, struct span text, jwt_say_fn *say,
		       void *arg);
