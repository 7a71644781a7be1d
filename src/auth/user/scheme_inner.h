/* auth/user/scheme_inner.h - what the files of scheme_ share.
 *
 * Prefix: scheme_hash_.
 */
#pragma once

#include "auth/user/scheme.h"

enum scheme_digest { SCHEME_MD5, SCHEME_SHA1, SCHEME_SHA256, SCHEME_SHA512 };

enum { SCHEME_CONTEXT_OCTETS = 32, SCHEME_MD5_OCTETS = 16 };

/* What is stored is in octets; a password ends with a NUL. */

size_t scheme_hash_octets(enum scheme_digest digest);

/* Is it the digest of the password? */
MUST_USE bool scheme_hash_plain(enum scheme_digest digest, struct span stored,
				struct span password);

/* Is it the digest of the password and the salt that stands behind the digest? */
MUST_USE bool scheme_hash_salted(enum scheme_digest digest, struct span stored,
				 struct span password);

/* "$1$SALT$ROUNDS$HASH": PBKDF2 (RFC 8018) with HMAC-SHA-1, the hash in hexadecimal. */
MUST_USE bool scheme_hash_pbkdf2(struct span stored, struct span password);

/* What HMAC-MD5 (RFC 2104) holds when it has taken in the password: the states of the
 * outer and of the inner MD5, SCHEME_CONTEXT_OCTETS. */
MUST_USE bool scheme_hash_context(struct span stored, struct span password);

/* MD5 of "user:realm:password" (RFC 2831 section 2.1.2.1). What stands behind the '@'
 * of the user's name is the realm. */
MUST_USE bool scheme_hash_realm(struct span stored, struct span user,
				struct span password);

/* Must have succeeded once before any of the above, before threads and sandboxes. */
MUST_USE bool scheme_hash_start(void);
