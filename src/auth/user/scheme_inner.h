/* auth/user/scheme_inner.h - checks of passwords that are stored as digests.
 *
 * Prefix: scheme_hash_.
 */
#pragma once

#include "auth/user/scheme.h"

enum scheme_digest { SCHEME_MD5, SCHEME_SHA1, SCHEME_SHA256, SCHEME_SHA512 };

enum { SCHEME_CONTEXT_OCTETS = 32, SCHEME_MD5_OCTETS = 16 };

/* `stored` is decoded; `password` ends with a NUL that is not counted. */

size_t scheme_hash_octets(enum scheme_digest digest);

/* Is `stored` the digest of the password? */
MUST_USE bool scheme_hash_plain(enum scheme_digest digest, struct span stored,
				struct span password);

/* Is `stored` a digest followed by a salt, and the digest that of password and salt? */
MUST_USE bool scheme_hash_salted(enum scheme_digest digest, struct span stored,
				 struct span password);

/* "$1$SALT$ROUNDS$HASH": PBKDF2 (RFC 8018) with HMAC-SHA-1, the hash in hexadecimal. */
MUST_USE bool scheme_hash_pbkdf2(struct span stored, struct span password);

/* The state of HMAC-MD5 (RFC 2104) after its key, the password: that of the outer MD5
 * and that of the inner one, SCHEME_CONTEXT_OCTETS. */
MUST_USE bool scheme_hash_context(struct span stored, struct span password);

/* The MD5 of "user:realm:password" (RFC 2831 section 2.1.2.1). The realm is the part of
 * the user's name behind the first '@'. */
MUST_USE bool scheme_hash_realm(struct span stored, struct span user,
				struct span password);

/* Must succeed once before any of the functions above, before threads and sandboxes. */
MUST_USE bool scheme_hash_start(void);
