/* auth/token/jwt.h - JSON Web Tokens, checked with keys at hand (RFC 7515, 7517, 7518,
 * 8037).
 *
 * Prefix: jwt_. No I/O: the text of the keys comes from elsewhere.
 */
#pragma once

#include "base/fault.h"
#include "base/jwa.h"

enum { JWT_OCTETS_MAX = 8192, JWT_KEYS_MAX = 64, JWT_KEYS_OCTETS_MAX = 1 << 18 };

struct jwt_keys; /* one reading of a key file; never changes, counts who keeps it */

/* Told once for each key that is left out. */
typedef void jwt_say_fn(void *arg, unsigned key, const char *text);

/* Read a set of keys in JSON (RFC 7517 section 5), a single one (section 4), or public
 * keys in PEM form. A key that is for something else, is too weak, or cannot be read is
 * left out. FAULT_SETUP when there is no key in it that is of use. say may be NULL. */
MUST_USE enum fault jwt_keys_parse(struct span text, jwt_say_fn *say, void *arg,
				   struct jwt_keys **out, struct why *why);
struct jwt_keys *jwt_keys_keep(struct jwt_keys *keys); /* one more; returns keys */
void jwt_keys_free(struct jwt_keys *keys);             /* one less; NULL is allowed */

static inline void jwt_keys_done_p(struct jwt_keys **p)
{
	jwt_keys_free(*p);
}

/* Three parts with dots between, each of them base64url without padding (RFC 7515
 * section 2), and not too long? */
bool jwt_looks_like(struct span token);

/* Check the signature, by one of the algorithms (bits, enum jwa). `kid` chooses among
 * the keys' own `kid`s and does nothing else: it is no path, no URL, no query. A token
 * without one is tried with every key that its algorithm takes, as is a key without one
 * for every token. *out is the payload, malloc'ed, the caller's, ended by a NUL that
 * *out_len does not count. FAULT_DENIED, with why->doing saying what is wrong. */
MUST_USE enum fault jwt_verify(const struct jwt_keys *keys, unsigned algorithms,
			       struct span token, char **out, size_t *out_len,
			       struct why *why);
