/* base/jwa.h - algorithms of signatures that a JSON Web Token may have (RFC 7518,
 * 8037).
 *
 * Prefix: jwa_.
 */
#pragma once

#include "base/span.h"

/* Name, the one kind of key that it takes, the one curve, the least size of the key in
 * bits (RFC 7518 sections 3.2 to 3.5), whether it is there for everyone who does not
 * say otherwise. An octet string is never taken for a public key, nor the other way
 * round, whatever a token says; HMAC must be asked for, since who can check it can make
 * it. There is no row for "none". */
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

unsigned jwa_standard(void); /* bits: 1 << enum jwa */

/* JWA_COUNT: nobody knows it, "none" included. */
enum jwa jwa_find(struct span name);
