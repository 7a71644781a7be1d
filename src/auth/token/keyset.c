/* auth/token/keyset.c - the keys that check JSON Web Tokens, and what each may be used
 * for.
 *
 * Prefix: keyset_.
 */
#include <stdlib.h>

#include "auth/token/keyset_inner.h"
#include "base/ascii.h"
#include "base/jwa.h"

static const struct row {
	int kind, curve; /* of cjose, or 0 */
	size_t bits;
} table[JWA_COUNT] = {
#define KIND_RSA    CJOSE_JWK_KTY_RSA
#define KIND_EC     CJOSE_JWK_KTY_EC
#define KIND_OCT    CJOSE_JWK_KTY_OCT
#define KIND_OKP    0
#define CURVE_0     0
#define CURVE_P_256 CJOSE_JWK_EC_P_256
#define CURVE_P_384 CJOSE_JWK_EC_P_384
#define CURVE_P_521 CJOSE_JWK_EC_P_521
#define ROW(k, c, b)                                                                   \
	{                                                                              \
		KIND_##k, CURVE_##c, b                                                 \
	}
#define X(name, k, c, b, standard) [JWA_##name] = ROW(k, c, b),
	JWA_TABLE(X)
#undef X
};

static bool takes(const struct row *row, const cjose_jwk_t *jwk)
{
	int kind = jwk ? (int)cjose_jwk_get_kty(jwk, NULL) : KIND_OKP;

	if (kind != row->kind)
		return false;
	if (kind == KIND_OKP)
		return true;
	if (cjose_jwk_get_keysize(jwk, NULL) < row->bits)
		return false;
	return kind != KIND_EC || (int)cjose_jwk_EC_get_curve(jwk, NULL) == row->curve;
}

/* The algorithms that this key may be used for: all that take it, or the one that it
 * names itself (RFC 7517 section 4.4). */
static unsigned find_algorithms(const cjose_jwk_t *jwk, struct span alg)
{
	unsigned bits = 0;

	for (enum jwa a = 0; a < JWA_COUNT; a++)
		if (takes(&table[a], jwk))
			bits |= 1u << a;
	if (!alg.at)
		return bits;
	enum jwa only = jwa_find(alg);
	return only < JWA_COUNT ? bits & 1u << only : 0;
}

static void key_done(struct keyset_key *key)
{
	if (key->jwk)
		cjose_jwk_release(key->jwk);
	free(key->kid);
}

const char *keyset_add(struct keyset *keys, struct keyset_key key, struct span alg,
		       const char *kid)
{
	const char *wrong = NULL;

	key.algorithms = find_algorithms(key.jwk, alg);
	key.kid = kid ? strdup(kid) : NULL;
	if (keys->count == KEYSET_MAX)
		wrong = "is one too many";
	else if (!key.algorithms)
		wrong = "is for no algorithm that is known here, or too weak";
	else if (kid && !key.kid)
		wrong = "does not fit into memory";
	if (wrong)
		key_done(&key);
	else
		keys->at[keys->count++] = key;
	return wrong;
}

struct keyset *keyset_keep(struct keyset *keys)
{
	atomic_fetch_add(&keys->references, 1);
	return keys;
}

void keyset_free(struct keyset *keys)
{
	if (!keys || atomic_fetch_sub(&keys->references, 1) > 1)
		return;
	for (size_t i = 0; i < keys->count; i++)
		key_done(&keys->at[i]);
	free(keys);
}

bool keyset_is_base64url(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_plain(s.at[i], "-_"))
			return false;
	return s.len > 0 && s.len % 4 != 1;
}
