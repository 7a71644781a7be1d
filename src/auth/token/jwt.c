/* auth/token/jwt.c - checks the signatures of JSON Web Tokens.
 *
 * Prefix: jwt_.
 */
#include "auth/token/jwt.h"

#include <jansson.h>
#include <stdlib.h>

#include "auth/token/keyset_inner.h"
#include "auth/user/base64.h"
#include "base/own.h"

/* header "." payload "." signature. The signature is over everything before the last
 * dot. */
struct parts {
	struct span whole, header, payload, signature, signed_octets;
};

static bool split(struct span token, struct parts *out)
{
	struct span rest = token;

	out->whole = token;
	if (token.len > JWT_OCTETS_MAX || !span_cut(&rest, '.', &out->header) ||
	    !span_cut(&rest, '.', &out->payload))
		return false;
	out->signature = rest;
	out->signed_octets = (struct span){ token.at, token.len - rest.len - 1 };
	return keyset_is_base64url(out->header) && keyset_is_base64url(out->payload) &&
	       keyset_is_base64url(out->signature);
}

bool jwt_looks_like(struct span token)
{
	struct parts parts;

	return split(token, &parts);
}

/* ---- the header ---- */

static void json_done_p(json_t **p)
{
	json_decref(*p);
}
#define OWN_JSON __attribute__((cleanup(json_done_p))) json_t *

static json_t *parse_header(struct span part)
{
	char text[JWT_OCTETS_MAX];
	size_t len;

	return base64_decode_url(part, text, sizeof text, &len)
		       ? json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL)
		       : NULL;
}

/* What the header says. */
struct header {
	enum jwa algorithm;
	const char *kid; /* NULL: none */
};

/* Returns NULL, or what is wrong. `crit` names extensions that the reader must know
 * (RFC 7515 section 4.1.11): this one knows none. */
static const char *read_header(const json_t *json, unsigned allowed, struct header *out)
{
	const json_t *alg = json_object_get(json, "alg");
	const json_t *kid = json_object_get(json, "kid");

	if (!json_is_string(alg) || (kid && !json_is_string(kid)))
		return "token has a header that cannot be read";
	out->algorithm = jwa_find(
		(struct span){ json_string_value(alg), json_string_length(alg) });
	out->kid = json_string_value(kid);
	if (out->algorithm == JWA_COUNT || !(allowed & 1u << out->algorithm))
		return "token has an algorithm that is not allowed";
	if (json_object_get(json, "crit"))
		return "token has an extension that is not known";
	return NULL;
}

/* ---- the signature ---- */

static bool verify_ed25519(const struct keyset_key *key, const struct parts *parts)
{
	unsigned char signature[crypto_sign_ed25519_BYTES];
	size_t len;

	return base64_decode_url(parts->signature, signature, sizeof signature, &len) &&
	       len == sizeof signature &&
	       crypto_sign_ed25519_verify_detached(
		       signature, (const unsigned char *)parts->signed_octets.at,
		       parts->signed_octets.len, key->ed25519) == 0;
}

/* jws is NULL if cjose cannot parse the token, or does not have the algorithm. */
static bool verify(const struct keyset_key *key, const struct parts *parts,
		   cjose_jws_t *jws)
{
	if (!key->jwk)
		return verify_ed25519(key, parts);
	return jws && cjose_jws_verify(jws, key->jwk, NULL);
}

static bool fits(const struct keyset_key *key, const struct header *h)
{
	return key->algorithms & 1u << h->algorithm &&
	       (!h->kid || !key->kid || strcmp(key->kid, h->kid) == 0);
}

/* Returns NULL, or what is wrong. */
static const char *verify_with_any(const struct keyset *keys, const struct header *h,
				   const struct parts *parts)
{
	const char *wrong = "token is by a key that is not known";
	cjose_jws_t *jws = NULL;

	if (h->algorithm != JWA_EdDSA)
		jws = cjose_jws_import(parts->whole.at, parts->whole.len, NULL);
	for (size_t i = 0; i < keys->count && wrong; i++) {
		if (!fits(&keys->at[i], h))
			continue;
		wrong = verify(&keys->at[i], parts, jws)
				? NULL
				: "token has a wrong signature";
	}
	if (jws)
		cjose_jws_release(jws);
	return wrong;
}

static enum fault copy_payload(struct span part, char **out, size_t *out_len,
			       struct why *why)
{
	OWN_TEXT text = malloc(part.len + 1);

	if (!text)
		return fault_set(why, FAULT_NOMEM, 0, "read a token", NULL);
	if (!base64_decode_url(part, text, part.len, out_len))
		return fault_set(why, FAULT_DENIED, 0, "token has no payload", NULL);
	text[*out_len] = '\0';
	*out = TAKE(text);
	return FAULT_NONE;
}

enum fault jwt_verify(const struct keyset *keys, unsigned algorithms, struct span token,
		      char **out, size_t *out_len, struct why *why)
{
	struct parts parts;
	struct header header = { .kid = NULL };

	if (!split(token, &parts))
		return fault_set(why, FAULT_DENIED, 0, "token is no JWT", NULL);
	OWN_JSON json = parse_header(parts.header);
	const char *wrong = read_header(json, algorithms, &header);
	if (!wrong)
		wrong = verify_with_any(keys, &header, &parts);
	if (wrong)
		return fault_set(why, FAULT_DENIED, 0, wrong, header.kid);
	return copy_payload(parts.payload, out, out_len, why);
}
