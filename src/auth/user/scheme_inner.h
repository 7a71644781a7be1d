/* auth/user/scheme_inner.h - checks of passwords that are stored as digests.
 *
 * Prefix: scheme_hash_.
 */
#pragma once

#include "auth/user/scheme.h"

enum scheme_digest { SCHEME_MD5, SCHEME_SHA1, SCHEME_SHA256, SCHEME_SHA512 };

enum { SCHEME_CONTEXT_OCTETS = 32, SCHEME_MD5_OCTETS = 16 };

/* In each function below `stored` is decoded, and a NUL follows the octets of
 * `password`. */

size_t scheme_hash_octets(enum scheme_digest digest);

/* Is `stored` the digest of the password? */
MUST_USE bool scheme_hash_plain(enum scheme_digest digest, struct span stored,
				struct span password);

/* Is `stored` a digest followed by a salt, and the digest that of password and salt? */
MUST_USE bool scheme_hash_salted(enum scheme_digest digest, struct span stored,
				 struct span password);

/* Does the password match "$1$SALT$ROUNDS$HASH"? It is PBKDF2 (RFC 8018) with
 * HMAC-SHA-1, the hash in hexadecimal. */
MUST_USE bool scheme_hash_pbkdf2(struct span stored, struct span password);

/* Is `stored` the state of HMAC-MD5 (RFC 2104) once it has taken in the password as its
 * key? It has SCHEME_CONTEXT_OCTETS: the state of the outer MD5, then that of the inner
 * one. */
MUST_USE bool scheme_hash_context(struct span stored, struct span password);

/* Is `stored` the MD5 of "name:realm:password" (RFC 2831 section 2.1.2.1)? `user` is
 * split at its first '@' into name and realm; without '@', the realm is empty. */
MUST_USE bool scheme_hash_realm(struct span stored, struct span user,
				struct span password);

/* Call this once and with success before any of the functions above, before threads
 * start, and before the process enters its sandbox. */
MUST_USE bool scheme_hash_start(void);
