/* auth/token/jwt.h - JSON Web Tokens, checked with keys at hand (RFC 7515, 7517, 7518,
 * 8037).
 *
 * Prefix: jwt_. No I/O: the text of the keys comes from elsewhere.
 */
#pragma once

#include "auth/token/keyset.h"
#include "base/fault.h"
#include "base/jwa.h"

enum { JWT_OCTETS_MAX = 8192 };

/* Three parts with dots between, each of them base64url without padding (RFC 7515
 * section 2), and not too long? */
bool jwt_looks_like(struct span token);

/* Check the signature, by one of the algorithms (bits, enum jwa). `kid` chooses among
 * the keys' own `kid`s and does nothing else: it is no path, no URL, no query. A token
 * without one is tried with every key that its algorithm takes, as is a key without one
 * for every token. *out is the payload, malloc'ed, the caller's, ended by a NUL that
 * *out_len does not count. FAULT_DENIED, with why->doing saying what is wrong. */
MUST_USE enum fault jwt_verify(const struct keyset *keys, unsigned algorithms,
			       struct span token, char **out, size_t *out_len,
			       struct why *why);
