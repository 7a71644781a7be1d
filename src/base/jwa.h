/* base/jwa.h - the signature algorithms of JSON Web Tokens (RFC 7518, 8037).
 *
 * Prefix: jwa_.
 */
#pragma once

#include "base/span.h"

/* Name, the kind of key and the curve that it needs (0: no curve is checked; of OKP,
 * keyset_add knows Ed25519 only), the least size of the key in bits (RFC 7518 sections
 * 3.2 to 3.5; 0: the curve decides), whether a database takes it by default. A key of
 * another kind never fits, whatever the token says. HMAC is off by default, because
 * anybody who can check such a token can also make one. The table has no "none". */
/* clang-format off */
#define JWA_TABLE(X) \
	X(RS256, RSA, 0,     2048, true) \
	X(RS384, RSA, 0,     2048, true) \
	X(RS512, RSA, 0,     2048, true) \
	X(PS256, RSA, 0,     2048, true) \
	X(PS384, RSA, 0,     2048, true) \
	X(PS512, RSA, 0,     2048, true) \
	X(ES256, EC,  P_256, 0,    true) \
	X(ES384, EC,  P_384, 0,    true) \
	X(ES512, EC,  P_521, 0,    true) \
	X(EdDSA, OKP, 0,     0,    true) \
	X(HS256, OCT, 0,     256,  false) \
	X(HS384, OCT, 0,     384,  false) \
	X(HS512, OCT, 0,     512,  false)
/* clang-format on */

enum jwa {
#define X(name, kind, curve, bits, standard) JWA_##name,
	JWA_TABLE(X)
#undef X
		JWA_COUNT
};

/* The algorithms that are allowed by default, as bits: 1 << enum jwa. */
unsigned jwa_standard(void);

/* Find an algorithm by its name. JWA_COUNT: unknown, like "none". */
enum jwa jwa_find(struct span name);
