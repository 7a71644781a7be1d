/* Promises of auth/token/jwtbase: what a database of JSON Web Tokens says of a token.
 */
#include "peer.h"
#include "signed.h"

#include <time.h>

#include "auth/token/jwtbase.h"

static struct database *begin(const char *const *algorithms, unsigned count)
{
	static char *names[4];
	const struct jwtbase_rules rules = {
		.claims = { .issuer = "", .scope = "", .user_claim = "sub" },
		.algorithms = { names, count },
	};

	for (unsigned i = 0; i < count; i++)
		names[i] = (char *)(uintptr_t)algorithms[i];
	peer_log_begin();
	struct database *db = jwtbase_new(dir, "keys", &rules);
	CHECK(db);
	db->name = "tokens";
	return db;
}

/* What is said of the token. FAULT_NONE in *why unless something is wrong. */
static enum database_says says_of(struct database *db, const char *token,
				  struct why *why)
{
	struct user_found found = { 0 };

	*why = (struct why){ 0 };
	enum database_says says = db->driver->check(db, SPAN("whoever"), span_of(token),
						    SPAN("[::1]:1"), &found, why);
	CHECK_SPAN(found.user.name, says == DATABASE_RIGHT ? "alice" : "");
	CHECK_EQ(found.user.stored.len, 0);
	user_release(&found);
	return says;
}

/* A token that is valid for so many seconds from this moment on. */
static const char *token_for(int seconds, cjose_jwk_t *jwk, const char *alg)
{
	static char token[JWT_OCTETS_MAX * 2];
	char claims[128];

	snprintf(claims, sizeof claims, "{\"sub\":\"alice\",\"exp\":%lld}",
		 (long long)time(NULL) + seconds);
	sign(jwk, alg, NULL, NULL, claims, token);
	return token;
}

enum { LONG = 3600 };

static void test_a_token_is_right_wrong_or_of_another_kind(void **state)
{
	struct user_found found = { 0 };
	struct why why;

	(void)state;
	PUT_KEYS(p256);
	put_file("keys", key_text);
	struct database *db = begin(NULL, 0);
	CHECK_EQ(says_of(db, token_for(LONG, p256, "ES256"), &why), DATABASE_RIGHT);
	CHECK_EQ(why.fault, FAULT_NONE);
	CHECK_EQ(says_of(db, token_for(-LONG, p256, "ES256"), &why), DATABASE_WRONG);
	CHECK_TEXT(why.doing, "token has expired");
	CHECK_EQ(says_of(db, token_for(LONG, rsa, "RS256"), &why), DATABASE_WRONG);
	CHECK_TEXT(why.doing, "token is by a key that is not known");
	CHECK_EQ(says_of(db, "opaque", &why), DATABASE_UNKNOWN);
	CHECK_EQ(says_of(db, "", &why), DATABASE_UNKNOWN);
	CHECK_EQ(db->driver->find(db, SPAN("alice"), &found, &why), DATABASE_UNKNOWN);
	CHECK_TEXT(peer_log, "");
	db->driver->free(db);
}

static void test_only_the_algorithms_of_the_settings_count(void **state)
{
	static const struct {
		const char *names[2];
		unsigned count;
		const char *good; /* the letters of those that let in */
	} cases[] = {
		{ { NULL }, 0, "RE" }, /* the standard ones, without HMAC */
		{ { "ES256" }, 1, "E" }, { { "RS256", "HS256" }, 2, "RH" },
		{ { "HS256" }, 1, "H" }, { { "none", "RS512" }, 2, "" },
		{ { "none" }, 1, "" },
	};
	struct why why;

	(void)state;
	PUT_KEYS(rsa, p256, oct);
	put_file("keys", key_text);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct database *db = begin(cases[i].names, cases[i].count);
		const struct {
			char letter;
			cjose_jwk_t *key;
			const char *name;
		} tokens[] = { { 'R', rsa, "RS256" },
			       { 'E', p256, "ES256" },
			       { 'H', oct, "HS256" } };

		for (size_t k = 0; k < sizeof tokens / sizeof *tokens; k++)
			CHECK_EQ(says_of(db,
					 token_for(LONG, tokens[k].key, tokens[k].name),
					 &why),
				 strchr(cases[i].good, tokens[k].letter)
					 ? DATABASE_RIGHT
					 : DATABASE_WRONG);
		db->driver->free(db);
	}
}

/* A client may try again: its token is not to blame, nor is its maildrop. */
static void test_without_keys_the_database_is_down_until_there_are_some(void **state)
{
	static const char *const files[] = { NULL, "{", "{\"keys\":[]}" };
	struct why why;

	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		unlinkat(dir, "keys", 0);
		if (files[i])
			put_file("keys", files[i]);
		struct database *db = begin(NULL, 0);
		CHECK(peer_log_has("event=token-keys-missing"));
		CHECK_EQ(says_of(db, token_for(LONG, p256, "ES256"), &why),
			 DATABASE_DOWN);
		CHECK_EQ(why.fault, FAULT_IO);
		CHECK_EQ(says_of(db, "opaque", &why), DATABASE_UNKNOWN);
		PUT_KEYS(p256);
		put_file("keys", key_text);
		CHECK_EQ(says_of(db, token_for(LONG, p256, "ES256"), &why),
			 DATABASE_RIGHT);
		db->driver->free(db);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_token_is_right_wrong_or_of_another_kind),
		TEST(test_only_the_algorithms_of_the_settings_count),
		TEST(test_without_keys_the_database_is_down_until_there_are_some),
	};

	return cmocka_run_group_tests(tests, signed_begin, signed_end);
}
