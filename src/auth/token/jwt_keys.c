/* auth/token/jwt_keys.c - sets of keys from JSON (RFC 7517) or PEM.
 *
 * Prefix: jwt_keys_.
 */
#include "auth/token/jwt_keys.h"

#include <jansson.h>
#include <stdlib.h>

#include "auth/token/jwt_pem.h"
#include "auth/token/keyset_inner.h"
#include "auth/user/base64.h"
#include "base/own.h"

/* ---- JSON ---- */

static struct span text_of(const json_t *value)
{
	return (struct span){ json_string_value(value), json_string_length(value) };
}

/* RFC 8037 section 2 */
static bool parse_okp(const json_t *json, struct keyset_key *out)
{
	struct span x = text_of(json_object_get(json, "x"));
	size_t len = 0;

	return span_is(text_of(json_object_get(json, "crv")), "Ed25519") && x.at &&
	       base64_decode_url(x, out->ed25519, sizeof out->ed25519, &len) &&
	       len == sizeof out->ed25519;
}

/* cjose ends the process over malformed base64url, and therefore never sees any. */
static bool parse_cjose(json_t *json, struct keyset_key *out)
{
	static const char *const members[] = { "k", "n", "e",  "d",  "p", "q",
					       "x", "y", "dp", "dq", "qi" };

	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		const json_t *m = json_object_get(json, members[i]);

		if (m && !keyset_is_base64url(text_of(m)))
			return false;
	}
	out->jwk = cjose_jwk_import_json(json, NULL);
	return out->jwk != NULL;
}

/* Add one key. Returns NULL, or why it was left out. */
static const char *parse_key(struct keyset *keys, json_t *json)
{
	const json_t *use = json_object_get(json, "use");
	const json_t *alg = json_object_get(json, "alg");
	const json_t *kid = json_object_get(json, "kid");
	struct keyset_key key = { 0 };

	if (!json_is_object(json))
		return "is no JSON object";
	if (use && !span_is(text_of(use), "sig"))
		return "is not for signatures";
	if ((kid && !json_is_string(kid)) || (alg && !json_is_string(alg)))
		return "cannot be read";
	if (span_is(text_of(json_object_get(json, "kty")), "OKP")
		    ? !parse_okp(json, &key)
		    : !parse_cjose(json, &key))
		return "cannot be read";
	return keyset_add(keys, key, text_of(alg), json_string_value(kid));
}

static bool parse_json(struct keyset *keys, struct span text, keyset_say_fn *say,
		       void *arg)
{
	json_t *json = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, NULL);
	json_t *set = json_object_get(json, "keys");
	size_t count = json_is_array(set) ? json_array_size(set) : 1;
	bool is_json = json != NULL;

	for (size_t i = 0; json && i < count; i++) {
		const char *wrong = parse_key(
			keys, json_is_array(set) ? json_array_get(set, i) : json);

		if (wrong && say)
			say(arg, (unsigned)i + 1, wrong);
	}
	json_decref(json);
	return is_json;
}

/* ---- JSON or PEM ---- */

static bool is_pem(struct span text)
{
	return text.len > 0 && memmem(text.at, text.len, "-----BEGIN ", 11) != NULL;
}

enum fault jwt_keys_parse(struct span text, keyset_say_fn *say, void *arg,
			  struct keyset **out, struct why *why)
{
	OWN(keyset) keys = calloc(1, sizeof *keys);

	if (!keys)
		return fault_set(why, FAULT_NOMEM, 0, "read keys", NULL);
	atomic_init(&keys->references, 1);
	bool read = is_pem(text) ? jwt_pem_parse(keys, text, say, arg)
				 : parse_json(keys, text, say, arg);
	if (keys->count == 0)
		return fault_set(why, FAULT_SETUP, 0,
				 read ? "find a key that is of use"
				      : "read as JSON, or as public keys in PEM form",
				 NULL);
	*out = TAKE(keys);
	return FAULT_NONE;
}
