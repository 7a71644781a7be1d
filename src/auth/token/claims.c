/* auth/token/claims.c - checks the claims of a bearer token.
 *
 * Prefix: claims_.
 */
#include "auth/token/claims.h"

#include <jansson.h>

struct reading {
	const struct claims_rules *rules;
	enum claims_from from;
	int64_t now;
	json_t *json;
};

void claims_start(void)
{
	json_object_seed(0); /* random: nobody can choose names that collide */
}

static void json_done_p(json_t **p)
{
	json_decref(*p);
}

static bool is_active(const struct reading *r)
{
	return r->from == CLAIMS_JWT ||
	       json_is_true(json_object_get(r->json, "active"));
}

/* NumericDate: seconds since 1970, which need not be whole (RFC 7519 section 2). */
static bool has_not_expired(const struct reading *r)
{
	const json_t *exp = json_object_get(r->json, "exp");

	if (!exp)
		return r->from == CLAIMS_INTROSPECTION;
	return json_is_number(exp) &&
	       json_number_value(exp) + r->rules->leeway_s > (double)r->now;
}

static bool has_begun(const struct reading *r)
{
	const json_t *nbf = json_object_get(r->json, "nbf");

	if (!nbf)
		return true;
	return json_is_number(nbf) &&
	       json_number_value(nbf) - r->rules->leeway_s <= (double)r->now;
}

static bool is_text(const json_t *value, const char *text)
{
	return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

static bool has_issuer(const struct reading *r)
{
	return !*r->rules->issuer ||
	       is_text(json_object_get(r->json, "iss"), r->rules->issuer);
}

/* A text, or a list of texts (RFC 7519 section 4.1.3). */
static bool names(const json_t *value, const char *text)
{
	if (!json_is_array(value))
		return is_text(value, text);
	for (size_t i = 0; i < json_array_size(value); i++)
		if (is_text(json_array_get(value, i), text))
			return true;
	return false;
}

static bool has_audience(const struct reading *r)
{
	const struct claims_list *wanted = &r->rules->audience;
	const json_t *aud = json_object_get(r->json, "aud");

	for (unsigned i = 0; i < wanted->count; i++)
		if (names(aud, wanted->at[i]))
			return true;
	return wanted->count == 0;
}

static bool same(struct span a, struct span b)
{
	return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

/* Is the scope among the words of a text, or of a list of texts? */
static bool grants_in(const json_t *value, struct span scope)
{
	struct span rest, word;

	for (size_t i = 0; i < json_array_size(value); i++)
		if (grants_in(json_array_get(value, i), scope))
			return true;
	if (!json_is_string(value))
		return false;
	rest = (struct span){ json_string_value(value), json_string_length(value) };
	while (rest.len > 0) {
		span_cut(&rest, ' ', &word);
		if (same(word, scope))
			return true;
	}
	return false;
}

/* `scope` is RFC 8693's and RFC 7662's, `scp` Microsoft's and Okta's. */
static bool has_scopes(const struct reading *r)
{
	struct span rest = span_of(r->rules->scope), scope;

	while (rest.len > 0) {
		span_cut(&rest, ' ', &scope);
		if (scope.len > 0 &&
		    !grants_in(json_object_get(r->json, "scope"), scope) &&
		    !grants_in(json_object_get(r->json, "scp"), scope))
			return false;
	}
	return true;
}

/* OpenID Connect Core section 5.1: without a check, an address is whatever its owner
 * has typed. */
static bool has_true_user(const struct reading *r)
{
	const json_t *verified = json_object_get(r->json, "email_verified");

	return strcmp(r->rules->user_claim, "email") != 0 || !verified ||
	       json_is_true(verified) || is_text(verified, "true");
}

/* What must hold, in the order of the checks, and the story if it does not. */
static const struct {
	bool (*holds)(const struct reading *r);
	const char *or_else;
} promises[] = {
	{ is_active, "token is not active" },
	{ has_issuer, "token is not by issuer" },
	{ has_audience, "token is not for audience" },
	{ has_not_expired, "token has expired" },
	{ has_begun, "token is not valid yet" },
	{ has_scopes, "token lacks scope" },
	{ has_true_user, "token has an address that is not verified" },
};

static bool read_user(const struct reading *r, struct token_claims *out)
{
	const json_t *name = json_object_get(r->json, r->rules->user_claim);
	const char *text = json_string_value(name);
	size_t len = json_string_length(name);

	if (len == 0 || len > CLAIMS_USER_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
	memcpy(out->user, text, len + 1);
	return true;
}

/* False for an introspection answer that RFC 7662 does not allow: that is the service's
 * fault, not the token's. */
static bool is_answer(const struct reading *r)
{
	return json_is_object(r->json) &&
	       (r->from == CLAIMS_JWT ||
		json_is_boolean(json_object_get(r->json, "active")));
}

enum fault claims_check(const struct claims_rules *rules, enum claims_from from,
			struct span json, int64_t now, struct token_claims *out,
			struct why *why)
{
	__attribute__((cleanup(json_done_p))) json_t *claims =
		json.len > CLAIMS_OCTETS_MAX
			? NULL
			: json_loadb(json.at, json.len, JSON_REJECT_DUPLICATES, NULL);
	const struct reading r = { rules, from, now, claims };

	if (!is_answer(&r))
		return from == CLAIMS_JWT
			       ? fault_set(why, FAULT_DENIED, 0,
					   "token has no claims in it", NULL)
			       : fault_set(why, FAULT_IO, 0,
					   "introspection gives no answer", NULL);
	for (size_t i = 0; i < sizeof promises / sizeof *promises; i++)
		if (!promises[i].holds(&r))
			return fault_set(why, FAULT_DENIED, 0, promises[i].or_else,
					 NULL);
	if (!read_user(&r, out))
		return fault_set(why, FAULT_DENIED, 0, "token names no user in",
				 rules->user_claim);
	return FAULT_NONE;
}
