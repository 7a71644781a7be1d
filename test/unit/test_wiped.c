/* Promises of auth/ about memory: what was a secret is overwritten behind its use. */
#include "check.h"
#include "wiped.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/sasl/sasl.h"
#include "auth/user/prep.h"
#include "auth/user/scheme.h"
#include "auth/user/scram.h"
#include "auth/user/userfile.h"

enum { KEY = 20 }; /* octets of a key for SCRAM-SHA-1 */

/* ---- a database ---- */

static struct span stored;

static enum database_says find(struct database *db, struct span name,
			       struct user_found *out, struct why *why)
{
	(void)db, (void)why;
	out->user = (struct user){ .name = name, .stored = stored };
	return DATABASE_RIGHT;
}

/* Nobody has the name, and the same stands in. */
static enum database_says find_nobody(struct database *db, struct span name,
				      struct user_found *out, struct why *why)
{
	(void)db, (void)name, (void)out, (void)why;
	return DATABASE_UNKNOWN;
}

static bool stand_in(struct database *db, struct span name, unsigned wants,
		     struct user_found *out)
{
	(void)db, (void)name, (void)wants;
	out->user = (struct user){ .stored = stored };
	return true;
}

static const struct database_driver knows = { .name = "people", .find = find };
static const struct database_driver lacks = { .name = "people",
					      .find = find_nobody,
					      .stand_in = stand_in };
static struct database people = { .driver = &knows, .name = "people" };
static const struct login_rules rules = { .databases = &people };

/* ---- promises ---- */

static void test_passwords_that_are_compared(void **state)
{
	static const struct {
		const char *stored, *secret; /* NULL: nothing beside the password */
		bool can_match;
	} cases[] = {
		{ "{PLAIN}stored-secret", "stored-secret", true },
		{ "{PLAIN.b64}c3RvcmVkLXNlY3JldA==", "stored-secret", true },
		{ "$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA",
		  "0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA", true },
		{ "{MD5}5ebe2294ecd0e0f08eab7690d2a6ee69",
		  "5ebe2294ecd0e0f08eab7690d2a6ee69", true },
		{ "{PLAIN}", NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct span s = span_of(cases[i].stored);

		wiped_begin();
		CHECK(!scheme_verify(s, SPAN("alice"), SPAN("shown-secret")));
		CHECK(times_wiped("shown-secret") >= 1);
		CHECK(!cases[i].secret || times_wiped(cases[i].secret) >= 1);
		wiped_begin();
		CHECK_EQ(scheme_can_match(s), cases[i].can_match);
		CHECK(!cases[i].secret || times_wiped(cases[i].secret) >= 1);
	}
}

static void test_passwords_that_are_stored(void **state)
{
	static const char *const schemes[] = { "PLAIN", "SHA512-CRYPT", "ARGON2ID",
					       "SCRAM-SHA-1" };
	char out[SCHEME_STORED_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		wiped_begin();
		CHECK_EQ(scheme_make(schemes[i], SPAN("new-secret"), out), FAULT_NONE);
		CHECK(times_wiped("new-secret") >= 1);
		const struct span made =
			span_after(span_of(out), strlen(schemes[i]) + strlen("{}"));
		struct scram_keys keys;

		if (strcmp(schemes[i], "SHA512-CRYPT") == 0)
			CHECK_EQ(times_wiped(made.at), 1);
		if (scram_parse(SCRAM_SHA_1, made, &keys))
			CHECK_EQ(octets_wiped(keys.stored, KEY), 1);
	}
}

static void test_passwords_that_are_prepared(void **state)
{
	char name[64];
	struct prep_text text;

	(void)state;
	wiped_begin();
	CHECK(prep_password(SPAN("a\xcc\x88-secret"), PREP_QUERY, &text));
	CHECK_EQ(times_wiped("a\xcc\x88-secret"), 1);
	prep_done(&text);
	CHECK_EQ(times_wiped("\xc3\xa4-secret"), 2); /* once in each way of asking */
	wiped_begin();
	CHECK(prep_name(SPAN("a\xcc\x88-name"), name, sizeof name));
	CHECK_EQ(times_wiped("a\xcc\x88-name"), 1);
}

static size_t from_hex(const char *hex, unsigned char out[64])
{
	size_t len;

	CHECK_EQ(sodium_hex2bin(out, 64, hex, strlen(hex), NULL, &len, NULL), 0);
	return len;
}

/* What was made of the right password is what is stored, and is wiped, too. */
static void test_hashes_that_are_compared(void **state)
{
	static const struct {
		const char *stored, *hash; /* in hexadecimal */
		unsigned times;
	} cases[] = {
		{ "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
		  "e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4", 2 },
		{ "{PBKDF2}$1$KTgH.NsR7pDRp9Gw$5000$"
		  "fa56ecd2b8c613953c9c5dc00b7af1ecab8d6d90",
		  "fa56ecd2b8c613953c9c5dc00b7af1ecab8d6d90", 2 },
		/* stored, made, and the first half in a state of MD5 */
		{ "{CRAM-MD5}cd3ba7deaad6e5ca23448ba42e379747"
		  "a9e0f7f1fbc00c8a81bbaac395731b56",
		  "cd3ba7deaad6e5ca23448ba42e379747", 3 },
		/* the password as the key: 's' ^ 0x36 and so on */
		{ "{CRAM-MD5}cd3ba7deaad6e5ca23448ba42e379747"
		  "a9e0f7f1fbc00c8a81bbaac395731b56",
		  "455355445342363636", 1 },
	};
	static const struct span longer =
		SPAN("0123456789012345678901234567890123456789012345678901234567890123"
		     "secret");
	unsigned char octets[64];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const size_t len = from_hex(cases[i].hash, octets);

		wiped_begin();
		CHECK(scheme_verify(span_of(cases[i].stored), SPAN(""),
				    SPAN("secret")));
		if (octets_wiped(octets, len) < cases[i].times)
			fail_msg("case %zu", i);
	}
	/* a password longer than a block: its MD5 is the key of HMAC-MD5 */
	CHECK_EQ(EVP_Digest(longer.at, longer.len, octets, NULL, EVP_md5(), NULL), 1);
	wiped_begin();
	CHECK(!scheme_verify(span_of(cases[2].stored), SPAN(""), longer));
	CHECK_EQ(octets_wiped(octets, 16), 1);
	wiped_begin();
	CHECK(scheme_verify(SPAN("{CRYPT}$1$QNWBSRhV$nOPdU4/d4npj0gPAyQhSZ/"), SPAN(""),
			    SPAN("secret")));
	CHECK(times_wiped("$nOPdU4/d4npj0gPAyQhSZ/") >= 2);
}

#define STORED_KEY "DxbKOkmgyfmpOQE35Ym1d0Kk9dI="
#define KEYS       "4096,KYckMvmXjn5X+RkXKqVStQ==," STORED_KEY ",+0hzySDtl4WzOs0CKKtVtD6a96U="

/* Has something been wiped that StoredKey is made of (RFC 5802 section 3): ClientKey,
 * or SaltedPassword? */
static bool has_wiped_source(const unsigned char stored_key[KEY], bool is_salted)
{
	unsigned char client[KEY], sum[KEY];

	for (size_t i = 0; i + KEY <= wiped_len; i++) {
		memcpy(client, wiped + i, KEY);
		if (is_salted)
			HMAC(EVP_sha1(), wiped + i, KEY,
			     (const unsigned char *)"Client Key", strlen("Client Key"),
			     client, NULL);
		if (EVP_Digest(client, KEY, sum, NULL, EVP_sha1(), NULL) == 1 &&
		    memcmp(sum, stored_key, KEY) == 0)
			return true;
	}
	return false;
}

static void test_keys_for_scram(void **state)
{
	unsigned char key[KEY];
	size_t len;

	(void)state;
	CHECK_EQ(sodium_base642bin(key, KEY, STORED_KEY, strlen(STORED_KEY), NULL, &len,
				   NULL, sodium_base64_VARIANT_ORIGINAL),
		 0);
	wiped_begin();
	CHECK(scheme_verify(SPAN("{SCRAM-SHA-1}" KEYS), SPAN(""), SPAN("secret")));
	CHECK(times_wiped(KEYS) >= 1);
	CHECK(octets_wiped(key, KEY) >= 2); /* parsed, and made of the password */
	CHECK(has_wiped_source(key, false));
	CHECK(has_wiped_source(key, true));
}

static enum sasl_says say(struct sasl *sasl, const char *response, struct why *why)
{
	char text[4 * SASL_CHALLENGE_MAX / 3 + 1], base64[256];
	struct user_found found = { 0 };
	struct buf out = BUF(text);

	sodium_bin2base64(base64, sizeof base64, (const unsigned char *)response,
			  strlen(response), sodium_base64_VARIANT_ORIGINAL);
	enum sasl_says says = sasl_step(sasl, span_of(base64), &out, &found, why);
	user_release(&found);
	return says;
}

static void test_responses_and_exchanges(void **state)
{
	static const struct {
		enum mechanism mechanism;
		const char *response, *secret;
		unsigned times; /* at least: of the stored secret, before the end */
	} cases[] = {
		{ MECHANISM_ID_LOGIN, "shown-secret", NULL, 0 },
		{ MECHANISM_ID_SCRAM_SHA_1, "n,,n=shown-secret,r=abc", "stored-secret",
		  2 },
		{ MECHANISM_ID_XOAUTH2, "user=shown-secret", NULL, 0 },
	};
	const struct sasl_channel channel = { 0 };

	(void)state;
	stored = SPAN("{PLAIN}stored-secret");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct login_way way = { cases[i].mechanism, true, SPAN("") };
		struct sasl *sasl = sasl_new(&rules, &way, &channel);
		struct why why = { 0 };

		CHECK(sasl);
		wiped_begin();
		say(sasl, cases[i].response, &why);
		CHECK(times_wiped(cases[i].response) >= 1);
		CHECK(wiped_len >= SASL_RESPONSE_MAX + 1);
		CHECK(cases[i].secret || wiped_len == SASL_RESPONSE_MAX + 1);
		CHECK(!cases[i].secret ||
		      times_wiped(cases[i].secret) >= cases[i].times);
		wiped_begin();
		const bool has_name = sasl_claimed_name(sasl).len > 0;
		sasl_free(sasl);
		CHECK_EQ(times_wiped("shown-secret") > 0, has_name);
	}
}

/* A user's own keys, and those that give a made-up secret its form. */
static void test_keys_in_an_exchange(void **state)
{
	const struct login_way way = { MECHANISM_ID_SCRAM_SHA_1, true, SPAN("") };
	const struct sasl_channel channel = { 0 };
	unsigned char key[KEY];
	size_t len;

	(void)state;
	CHECK_EQ(sodium_base642bin(key, KEY, STORED_KEY, strlen(STORED_KEY), NULL, &len,
				   NULL, sodium_base64_VARIANT_ORIGINAL),
		 0);
	stored = SPAN("{SCRAM-SHA-1}" KEYS);
	for (int is_known = 0; is_known < 2; is_known++) {
		struct sasl *sasl = sasl_new(&rules, &way, &channel);
		struct why why = { 0 };

		CHECK(sasl);
		people.driver = is_known ? &knows : &lacks;
		wiped_begin();
		CHECK_EQ(say(sasl, "n,,n=alice,r=abc", &why), SASL_MORE);
		CHECK_EQ(times_wiped(KEYS), 1);
		CHECK_EQ(octets_wiped(key, KEY), 1);
		/* as GNU SASL gets them: the user's own, or made up */
		CHECK_EQ(times_wiped(STORED_KEY), is_known ? 2 : 1);
		CHECK_EQ(times_wiped("AAAAAAAAAAAAAAAAAAAAAAAAAAA="), 0);
		sasl_free(sasl);
	}
	people.driver = &knows;
}

static void test_what_is_read_ahead(void **state)
{
	const struct login_way way = { MECHANISM_ID_PLAIN, true, SPAN("") };
	const struct sasl_channel channel = { 0 };
	struct sasl *sasl = sasl_new(&rules, &way, &channel);
	char name[LOGIN_NAME_OCTETS + 1];

	(void)state;
	CHECK(sasl);
	wiped_begin();
	CHECK(sasl_is_guess(sasl, SPAN("AGFsaWNlAHNob3duLXNlY3JldA=="), name));
	CHECK_EQ(times_wiped("shown-secret"), 1);
	CHECK_EQ(wiped_len, SASL_RESPONSE_MAX + 1); /* all of the room */
	sasl_free(sasl);
}

static void test_passwords_of_logins(void **state)
{
	const struct login_way way = { MECHANISM_ID_USER, true, SPAN("") };
	struct user_found found = { 0 };
	struct why why = { 0 };

	(void)state;
	stored = SPAN("{PLAIN}x");
	wiped_begin();
	CHECK_EQ(login_by_password(&rules, &way, SPAN(""), SPAN("alice"),
				   SPAN("a\xcc\x88-secret"), &found, &why),
		 FAULT_DENIED);
	CHECK_EQ(times_wiped("a\xcc\x88-secret"), 1); /* as it came: see prepare */
	CHECK_EQ(times_wiped("\xc3\xa4-secret"), 3);  /* as prepared, and a copy */
}

static void test_passwords_for_apop(void **state)
{
	const struct login_way way = { MECHANISM_ID_APOP, true, SPAN("") };
	struct user_found found = { 0 };
	struct why why = { 0 };

	(void)state;
	stored = SPAN("{PLAIN}stored-secret");
	wiped_begin();
	CHECK_EQ(login_by_digest(&rules, &way, SPAN("alice"), SPAN("<1@x>"), SPAN("x"),
				 &found, &why),
		 FAULT_DENIED);
	CHECK_EQ(times_wiped("stored-secret"), 1);
}

static void test_copies_of_users(void **state)
{
	const struct user user = { .name = SPAN("alice"),
				   .stored = SPAN("stored-secret") };
	struct user_found copy;

	(void)state;
	CHECK(user_copy(&user, &copy));
	wiped_begin();
	user_release(&copy);
	CHECK_EQ(times_wiped("stored-secret"), 1);
}

static void test_the_users_file(void **state)
{
	static const char line[] = "alice:{PLAIN}stored-secret\n";
	char path[] = "/tmp/poplar-wiped-XXXXXX";
	struct why why = { 0 };

	(void)state;
	CHECK(mkdtemp(path));
	int dir = open(path, O_PATH | O_DIRECTORY);
	int fd = openat(dir, "users", O_WRONLY | O_CREAT, 0600);
	CHECK_EQ(write(fd, line, strlen(line)), strlen(line));
	close(fd);
	struct userfile *file = userfile_new(dir, "users");
	wiped_begin();
	users_free(userfile_acquire(file, &why));
	CHECK_EQ(times_wiped(line), 1); /* what was read; a copy is kept */
	wiped_begin();
	userfile_free(file);
	CHECK_EQ(times_wiped(line), 1);
	unlinkat(dir, "users", 0);
	close(dir);
	rmdir(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_passwords_that_are_compared),
		TEST(test_passwords_that_are_stored),
		TEST(test_passwords_that_are_prepared),
		TEST(test_hashes_that_are_compared),
		TEST(test_keys_for_scram),
		TEST(test_responses_and_exchanges),
		TEST(test_keys_in_an_exchange),
		TEST(test_what_is_read_ahead),
		TEST(test_passwords_of_logins),
		TEST(test_passwords_for_apop),
		TEST(test_copies_of_users),
		TEST(test_the_users_file),
	};

	return scheme_start() && login_start() && sasl_start() ? RUN(tests) : 1;
}
