/* auth/token/jwt.h - checks the signatures of JSON Web Tokens (RFC 7515, 7518, 8037).
 *
 * Prefix: jwt_. No I/O.
 */
#pragma once

#include "auth/token/keyset.h"
#include "base/fault.h"
#include "base/jwa.h"

enum { JWT_OCTETS_MAX = 8192 };

/* Has the token three parts with dots between, each of them base64url without padding
 * (RFC 7515 section 2), and at most JWT_OCTETS_MAX octets? */
bool jwt_looks_like(struct span token);

/* Check the signature, which must be by one of the `algorithms` (bits: 1 << enum jwa).
 * If both the token and a key have a `kid`, the key is tried only if they are equal;
 * the token's `kid` is used for nothing else. A token without a `kid` is tried with
 * every key that fits its algorithm, and a key without one is tried for every token.
 * *out is the payload, which the caller frees; it ends with a NUL that *out_len does
 * not count. FAULT_DENIED: why->doing says what is wrong. FAULT_NOMEM. */
MUST_USE enum fault jwt_verify(const struct keyset *keys, unsigned algorithms,
			       struct span token, char **out, size_t *out_len,
			       struct why *why);
