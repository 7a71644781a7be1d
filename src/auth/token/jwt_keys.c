/* auth/token/jwt_keys.c - keys that sign JSON Web Tokens, from JSON or PEM.
 *
 * Prefix: jwt_keys_.
 */
#include <jansson.h>
#include <stdlib.h>

#include "auth/token/jwt_inner.h"
#include "base/own.h"

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

static void key_done(struct jwt_key *key)
{
	if (key->jwk)
		cjose_jwk_release(key->jwk);
	free(key->kid);
}

const char *jwt_keys_add(struct jwt_keys *keys, struct jwt_key key, struct span alg,
			 const char *kid)
{
	const char *wrong = NULL;

	key.algorithms = find_algorithms(key.jwk, alg);
	key.kid = kid ? strdup(kid) : NULL;
	if (keys->count == JWT_KEYS_MAX)
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

/* ---- JSON ---- */

static struct span text_of(const json_t *value)
{
	return (struct span){ json_string_value(value), json_string_length(value) };
}

/* RFC 8037 section 2 */
static bool take_okp(const json_t *json, struct jwt_key *out)
{
	struct span x = text_of(json_object_get(json, "x"));
	size_t len = 0;

	return span_is(text_of(json_object_get(json, "crv")), "Ed25519") && x.at &&
	       sodium_base642bin(out->ed25519, sizeof out->ed25519, x.at, x.len, NULL,
				 &len, NULL,
				 sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
	       len == sizeof out->ed25519;
}

/* cjose ends the process over base64 that is none: it gets to see good one only. */
static bool take_cjose(json_t *json, struct jwt_key *out)
{
	static const char *const members[] = { "k", "n", "e",  "d",  "p", "q",
					       "x", "y", "dp", "dq", "qi" };

	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		const json_t *m = json_object_get(json, members[i]);

		if (m && !jwt_is_base64url(text_of(m)))
			return false;
	}
	out->jwk = cjose_jwk_import_json(json, NULL);
	return out->jwk != NULL;
}

/* NULL when it has been taken. */
static const char *take_key(struct jwt_keys *keys, json_t *json)
{
	const json_t *use = json_object_get(json, "use");
	const json_t *alg = json_object_get(json, "alg");
	const json_t *kid = json_object_get(json, "kid");
	struct jwt_key key = { 0 };

	if (!json_is_object(json))
		return "is no JSON object";
	if (use && !span_is(text_of(use), "sig"))
		return "is not for signatures";
	if ((kid && !json_is_string(kid)) || (alg && !json_is_string(alg)))
		return "cannot be read";
	if (span_is(text_of(json_object_get(json, "kty")), "OKP")
		    ? !take_okp(json, &key)
		    : !take_cjose(json, &key))
		return "cannot be read";
	return jwt_keys_add(keys, key, text_of(alg), json_string_value(kid));
}

static bool take_json(struct jwt_keys *keys, struct span text, jwt_say_fn *say,
		      void *arg)
{
	json_t *json = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, NULL);
	json_t *set = json_object_get(json, "keys");
	size_t count = json_is_array(set) ? json_array_size(set) : 1;
	bool is_json = json != NULL;

	for (size_t i = 0; json && i < count; i++) {
		const char *wrong = take_key(
			keys, json_is_array(set) ? json_array_get(set, i) : json);

		if (wrong && say)
			say(arg, (unsigned)i + 1, wrong);
	}
	json_decref(json);
	return is_json;
}

/* ---- life ---- */

static bool is_pem(struct span text)
{
	return text.len > 0 && memmem(text.at, text.len, "-----BEGIN ", 11) != NULL;
}

enum fault jwt_keys_parse(struct span text, jwt_say_fn *say, void *arg,
			  struct jwt_keys **out, struct why *why)
{
	OWN(jwt_keys) keys = calloc(1, sizeof *keys);

	if (!keys)
		return fault_set(why, FAULT_NOMEM, 0, "read keys", NULL);
	atomic_init(&keys->keepers, 1);
	bool read = is_pem(text) ? jwt_keys_take_pem(keys, text, say, arg)
				 : take_json(keys, text, say, arg);
	if (keys->count == 0)
		return fault_set(why, FAULT_SETUP, 0,
				 read ? "find a key that is of use"
				      : "read as JSON, or as public keys in PEM form",
				 NULL);
	*out = TAKE(keys);
	return FAULT_NONE;
}

struct jwt_keys *jwt_keys_keep(struct jwt_keys *keys)
{
	atomic_fetch_add(&keys->keepers, 1);
	return keys;
}

void jwt_keys_free(struct jwt_keys *keys)
{
	if (!keys || atomic_fetch_sub(&keys->keepers, 1) > 1)
		return;
	for (size_t i = 0; i < keys->count; i++)
		key_done(&keys->at[i]);
	free(keys);
}
