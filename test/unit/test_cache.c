/* Promises of auth/cache: nothing that has changed is remembered as it was, nothing is
 * remembered for too long, and nobody's refusals push out who was let in. */
#include "check.h"

#include <sodium.h>
#include <time.h>

#include "auth/cache.h"
#include "auth/database.h"
#include "auth/user/scheme.h"
#include "sys/clock.h"

enum { ENTRIES = 64, HOUR = 3600000, RIGHT = 3, WRONG = 2 };

static struct cache *begin(void)
{
	struct cache *c = cache_new(ENTRIES, HOUR);

	assert_non_null(c);
	return c;
}

static struct span made(const char *scheme, const char *password,
			char out[SCHEME_STORED_MAX])
{
	assert_int_equal(scheme_make(scheme, span_of(password), out), FAULT_NONE);
	return span_of(out);
}

/* How long it takes, in clock ticks of this thread. */
static int64_t cost_of(struct cache *c, struct span stored, const char *password,
		       uint64_t now, bool expected)
{
	struct timespec a, b;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
	CHECK_EQ(cache_verify(c, stored, SPAN("u"), span_of(password), now), expected);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
	return (b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec;
}

/* A hash takes milliseconds, a look into memory none: that tells them apart. */
static void test_a_hash_is_made_once(void **state)
{
	static const struct {
		const char *password;
		bool right;
	} cases[] = { { "secret", true }, { "wrong", false } };
	char text[SCHEME_STORED_MAX];
	struct cache *c = begin();
	struct span stored = made("ARGON2ID", "secret", text);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const char *p = cases[i].password;
		int64_t first = cost_of(c, stored, p, 1000, cases[i].right);

		CHECK(cost_of(c, stored, p, 2000, cases[i].right) < first / 10);
		CHECK(cost_of(c, stored, p, 1000 + HOUR, cases[i].right) > first / 10);
	}
	cache_free(c);
}

/* DIGEST-MD5 hashes the name, too: what was found for one name says nothing of others.
 */
static void test_a_name_is_part_of_a_comparison(void **state)
{
	const struct span alices = SPAN("{DIGEST-MD5}cc3a3506aba601d2feee7bf9b34237ce");
	struct cache *c = begin();

	(void)state;
	for (int i = 0; i < 2; i++) { /* at first, and from memory */
		CHECK(cache_verify(c, alices, SPAN("alice"), SPAN("secret"), 1000));
		CHECK(!cache_verify(c, alices, SPAN("bob"), SPAN("secret"), 1000));
	}
	cache_free(c);
}

static int64_t cost_in_vain(struct cache *c, const char *name, struct span stored,
			    const char *password)
{
	struct timespec a, b;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
	cache_pretend(c, span_of(name), stored, span_of(password), 1000);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
	return (b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec;
}

/* A name that nobody has costs what a known one does: a hash for each password at each
 * name, and none when both come again. What is found in vain lets nobody in. */
static void test_names_that_nobody_has_cost_as_much(void **state)
{
	char text[SCHEME_STORED_MAX];
	struct cache *c = begin();
	struct span stored = made("ARGON2ID", "secret", text);
	const int64_t known = cost_of(c, stored, "wrong", 1000, false);

	(void)state;
	CHECK(cost_in_vain(c, "nobody", stored, "wrong") > known / 10);
	CHECK(cost_in_vain(c, "no one", stored, "wrong") > known / 10);
	CHECK(cost_in_vain(c, "nobody", stored, "other") > known / 10);
	CHECK(cost_in_vain(c, "nobody", stored, "wrong") < known / 10);
	CHECK(cost_of(c, stored, "wrong", 1000, false) < known / 10);
	CHECK(cost_in_vain(c, "nobody", stored, "secret") > known / 10);
	CHECK(cost_of(c, stored, "secret", 1000, true) > known / 10);
	CHECK(cost_in_vain(NULL, "nobody", stored, "wrong") > known / 10);
	cache_free(c);
}

/* The stored password is part of the question: a change counts at once, both ways. */
static void test_a_change_counts_at_once(void **state)
{
	char a[SCHEME_STORED_MAX], b[SCHEME_STORED_MAX];
	struct cache *c = begin();
	struct span before = made("SHA512-CRYPT", "old", a);
	struct span after = made("SHA512-CRYPT", "new", b);

	(void)state;
	CHECK(cache_verify(c, before, SPAN("u"), SPAN("old"), 1000));
	CHECK(!cache_verify(c, before, SPAN("u"), SPAN("new"), 1000));
	CHECK(!cache_verify(c, after, SPAN("u"), SPAN("old"), 1000));
	CHECK(cache_verify(c, after, SPAN("u"), SPAN("new"), 1000));
	CHECK(cache_verify(c, before, SPAN("u"), SPAN("old"), 1000));
	CHECK(!cache_verify(c, before, SPAN("u"), SPAN(""), 1000));
	CHECK(cache_verify(NULL, after, SPAN("u"), SPAN("new"), 1000));
	cache_free(c);
}

/* A question: to which database, about whom, from where, with which password. */
struct asked {
	const char *database, *user, *peer, *password;
};

static struct cache_key key_for(const struct cache *c, const struct asked *q)
{
	struct cache_key key;

	cache_key(c, span_of(q->database), span_of(q->user), span_of(q->peer),
		  span_of(q->password), &key);
	return key;
}

static struct cache_key key_of(const struct cache *c, const char *user,
			       const char *password)
{
	return key_for(c, &(const struct asked){ "db", user, "", password });
}

static bool same_key(const struct cache *c, const struct asked *a,
		     const struct asked *b)
{
	struct cache_key x = key_for(c, a), y = key_for(c, b);

	return memcmp(&x, &y, sizeof x) == 0;
}

static void test_what_makes_a_question(void **state)
{
	static const struct {
		struct asked a, b;
		bool same;
	} cases[] = {
		{ { "x", "a", "192.0.2.1:1", "p" },
		  { "x", "a", "192.0.2.1:2", "p" },
		  true },
		{ { "x", "a", "192.0.2.1:1", "p" },
		  { "x", "a", "192.0.2.2:1", "p" },
		  false },
		{ { "x", "a", "192.0.2.1:1", "p" },
		  { "x", "a", "[c000:201::]:1", "p" },
		  false },
		{ { "x", "a", "", "p" }, { "x", "a", "192.0.2.2:1", "p" }, false },
		{ { "x", "a", "", "p" }, { "x", "a", "", "q" }, false },
		{ { "x", "a", "", "p" }, { "x", "b", "", "p" }, false },
		{ { "x", "a", "", "p" }, { "y", "a", "", "p" }, false },
		{ { "x", "ab", "", "c" }, { "x", "a", "", "bc" }, false },
		{ { "xa", "b", "", "c" }, { "x", "ab", "", "c" }, false },
	};
	struct cache *c = begin(), *other = begin();

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK_EQ(same_key(c, &cases[i].a, &cases[i].b), cases[i].same);
	struct cache_key mine = key_of(c, "a", "p"), theirs = key_of(other, "a", "p");
	CHECK(memcmp(&mine, &theirs, sizeof mine) != 0);
	cache_free(c);
	cache_free(other);
}

static void test_an_answer_for_its_time(void **state)
{
	struct cache *c = begin();
	struct cache_key key = key_of(c, "alice", "secret"),
			 bad = key_of(c, "alice", "wrong");
	struct user_found found = { 0 };
	char name[] = "alice", home[] = "/home/alice";
	const struct user alice = { .name = span_of(name),
				    .stored = SPAN("{PLAIN}secret"),
				    .home = span_of(home),
				    .has_uid = true,
				    .uid = 1000,
				    .disabled = true };

	(void)state;
	CHECK_EQ(cache_recall(c, &key, 1000, &found), 0);
	cache_remember(c, &key, 1000, 60, RIGHT, &alice);
	cache_remember(c, &bad, 1000, 10, WRONG, NULL);
	memset(name, 'x', sizeof name - 1); /* it has texts of its own */
	memset(home, 'x', sizeof home - 1);
	CHECK_EQ(cache_recall(c, &bad, 1009, &found), WRONG);
	CHECK(!found.owner);
	CHECK_EQ(cache_recall(c, &key, 1059, &found), RIGHT);
	CHECK_SPAN(found.user.name, "alice");
	CHECK_SPAN(found.user.home, "/home/alice");
	CHECK_EQ(found.user.stored.len, 0);
	CHECK(found.user.has_uid && found.user.uid == 1000 && found.user.disabled);
	user_release(&found);
	CHECK_EQ(cache_recall(c, &bad, 1010, &found), 0);
	CHECK_EQ(cache_recall(c, &key, 1060, &found), 0);
	cache_remember(c, &key, 1000, 0, RIGHT, &alice);
	CHECK_EQ(cache_recall(c, &key, 1000, &found), 0);
	cache_free(c);
}

/* Whatever comes, so many are kept; refusals never push out who was let in. */
static void test_room_is_bounded(void **state)
{
	struct cache *c = begin();
	const struct user user = { .name = SPAN("u") };
	struct cache_key first = key_of(c, "alice", "secret");
	struct user_found found;
	char name[32];
	unsigned kept = 0;

	(void)state;
	cache_remember(c, &first, 1000, HOUR, RIGHT, &user);
	for (int i = 0; i < 100000; i++) {
		snprintf(name, sizeof name, "bad%d", i);
		struct cache_key key = key_of(c, name, "p");
		cache_remember(c, &key, 1000, HOUR, WRONG, NULL);
	}
	CHECK_EQ(cache_recall(c, &first, 2000, &found), RIGHT);
	user_release(&found);
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof name, "good%d", i);
		struct cache_key key = key_of(c, name, "p");
		cache_remember(c, &key, 1000, HOUR, RIGHT, &user);
	}
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof name, "good%d", i);
		struct cache_key key = key_of(c, name, "p");
		if (cache_recall(c, &key, 2000, &found) == 0)
			continue;
		kept++;
		user_release(&found);
	}
	CHECK_EQ(kept, ENTRIES); /* full, and of each only what is found again */
	cache_free(c);
}

/* ---- a database behind it ---- */

struct counting {
	struct database database; /* first */
	unsigned asked;
	const char *stored; /* NULL: down */
	const char *over;   /* a field of the user that is over its bound */
};

static enum database_says find(struct database *db, struct span name,
			       struct user_found *out, struct why *why)
{
	struct counting *c = (struct counting *)db;

	c->asked++;
	if (!c->stored) {
		fault_set(why, FAULT_IO, 0, "ask", "database");
		return DATABASE_DOWN;
	}
	*out = (struct user_found){
		.user = { .name = name, .stored = span_of(c->stored), .over = c->over }
	};
	return DATABASE_RIGHT;
}

/* Lets in whoever comes from 192.0.2.1 with the right password. */
static enum database_says judge(struct database *db, struct span name,
				struct span password, struct span peer,
				struct user_found *out, struct why *why)
{
	struct counting *c = (struct counting *)db;

	(void)why;
	c->asked++;
	if (!span_starts(peer, "192.0.2.1:") || !span_is(password, c->stored))
		return DATABASE_WRONG;
	*out = (struct user_found){ .user = { .name = name } };
	return DATABASE_RIGHT;
}

static const struct database_driver tells = { .name = "counting", .find = find };
static const struct database_driver judges = { .name = "counting", .check = judge };

static void say(void *arg, const struct database *db, enum database_says says,
		const struct why *why)
{
	(void)arg, (void)db, (void)says, (void)why;
}

static void look(void *arg, struct span name)
{
	(void)arg, (void)name;
}

static enum fault check_from(struct counting *c, const char *peer, const char *password,
			     const struct database_watcher *watcher)
{
	struct user_found found = { 0 };
	struct why why = { 0 };
	enum fault f = database_check(&c->database, SPAN("alice"), span_of(password),
				      span_of(peer), watcher, &found, &why);

	user_release(&found);
	return f;
}

static enum fault check(struct counting *c, const char *password, bool watched)
{
	const struct database_watcher watcher = { look, say, NULL };

	return check_from(c, "192.0.2.1:1", password, watched ? &watcher : NULL);
}

static void test_a_database_is_asked_for_what_is_not_known(void **state)
{
	struct counting c = { .database = { .driver = &tells,
					    .name = "db",
					    .cache = begin(),
					    .right_ms = HOUR,
					    .wrong_ms = HOUR },
			      .stored = "{PLAIN}secret" };

	(void)state;
	CHECK_EQ(check(&c, "secret", false), FAULT_NONE);
	CHECK_EQ(check(&c, "secret", false), FAULT_NONE);
	CHECK_EQ(c.asked, 1);
	CHECK_EQ(check(&c, "wrong", false), FAULT_DENIED);
	CHECK_EQ(check(&c, "wrong", false), FAULT_DENIED);
	CHECK_EQ(c.asked, 2);
	c.stored = "{PLAIN}changed";
	CHECK_EQ(check(&c, "changed", false), FAULT_NONE);
	CHECK_EQ(c.asked, 3);
	CHECK_EQ(check(&c, "secret", true), FAULT_DENIED); /* who watches hears it */
	CHECK_EQ(c.asked, 4);
	c.stored = NULL; /* that it was down is not remembered */
	CHECK_EQ(check(&c, "another", false), FAULT_IO);
	CHECK_EQ(check(&c, "another", false), FAULT_IO);
	CHECK_EQ(c.asked, 6);
	CHECK_EQ(check(&c, "secret", false), FAULT_NONE); /* for its time */
	cache_free(c.database.cache);
}

/* A database that judges passwords may judge by the address: what it has said of one
 * counts for no other. One that tells what is stored is not asked again. */
static void test_an_answer_counts_for_the_address_that_was_judged(void **state)
{
	(void)state;
	for (int does_judge = 0; does_judge < 2; does_judge++) {
		struct counting c = {
			.database = { .driver = does_judge ? &judges : &tells,
				      .name = "db",
				      .cache = begin(),
				      .right_ms = HOUR,
				      .wrong_ms = HOUR },
			.stored = does_judge ? "secret" : "{PLAIN}secret"
		};

		CHECK_EQ(check_from(&c, "192.0.2.1:1", "secret", NULL), FAULT_NONE);
		CHECK_EQ(check_from(&c, "192.0.2.2:1", "secret", NULL),
			 does_judge ? FAULT_DENIED : FAULT_NONE);
		CHECK_EQ(check_from(&c, "192.0.2.1:9", "secret", NULL), FAULT_NONE);
		CHECK_EQ(c.asked, does_judge ? 2 : 1);
		cache_free(c.database.cache);
	}
}

/* Either time may be 0. */
static void test_each_kind_of_answer_is_kept_for_its_own_time(void **state)
{
	static const struct {
		uint32_t right_ms, wrong_ms;
		unsigned asked[2]; /* of two questions each, with a right answer and a
				      wrong */
	} cases[] = { { HOUR, 0, { 1, 2 } },
		      { 0, HOUR, { 2, 1 } },
		      { HOUR, HOUR, { 1, 1 } },
		      { 0, 0, { 2, 2 } } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct counting c = { .database = { .driver = &tells,
						    .name = "db",
						    .cache = begin(),
						    .right_ms = cases[i].right_ms,
						    .wrong_ms = cases[i].wrong_ms },
				      .stored = "{PLAIN}secret" };

		for (int is_wrong = 0; is_wrong < 2; is_wrong++) {
			c.asked = 0;
			for (int times = 0; times < 2; times++)
				CHECK_EQ(
					check(&c, is_wrong ? "wrong" : "secret", false),
					is_wrong ? FAULT_DENIED : FAULT_NONE);
			CHECK_EQ(c.asked, cases[i].asked[is_wrong]);
		}
		cache_free(c.database.cache);
	}
}

/* A user with a field over its bound is let in by no password, and only somebody who
 * knows the password learns why, or anybody where the password itself is too long. */
static void test_a_field_over_its_bound_lets_nobody_in(void **state)
{
	static const struct {
		const char *over, *password;
		enum fault fault;
	} cases[] = {
		{ "home", "secret", FAULT_SETUP },
		{ "home", "wrong", FAULT_DENIED },
		{ "password", "secret", FAULT_SETUP },
		{ "password", "wrong", FAULT_SETUP },
		{ NULL, "secret", FAULT_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct counting c = { .database = { .driver = &tells, .name = "db" },
				      .stored = "{PLAIN}secret",
				      .over = cases[i].over };
		struct user_found found = { 0 };
		struct why why = { 0 };
		char story[64];

		CHECK_EQ(database_check(&c.database, SPAN("alice"),
					span_of(cases[i].password), SPAN(""), NULL,
					&found, &why),
			 cases[i].fault);
		CHECK_EQ(found.user.name.len > 0, cases[i].fault == FAULT_NONE);
		snprintf(story, sizeof story, "db: %s", cases[i].over);
		CHECK_TEXT(why.what, cases[i].fault == FAULT_SETUP ? story : "");
		CHECK_EQ(why.sys, 0);
	}
}

static void test_without_a_time_to_live_each_is_asked(void **state)
{
	struct counting c = {
		.database = { .driver = &tells, .name = "db", .cache = begin() },
		.stored = "{PLAIN}secret"
	};

	(void)state;
	CHECK_EQ(check(&c, "secret", false), FAULT_NONE);
	c.stored = "{PLAIN}changed";
	CHECK_EQ(check(&c, "secret", false), FAULT_DENIED);
	CHECK_EQ(check(&c, "changed", false), FAULT_NONE);
	CHECK_EQ(c.asked, 3);
	cache_free(c.database.cache);
}

static int start(void **state)
{
	(void)state;
	return scheme_start() ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_hash_is_made_once),
		TEST(test_names_that_nobody_has_cost_as_much),
		TEST(test_a_change_counts_at_once),
		TEST(test_a_name_is_part_of_a_comparison),
		TEST(test_what_makes_a_question),
		TEST(test_an_answer_for_its_time),
		TEST(test_room_is_bounded),
		TEST(test_a_database_is_asked_for_what_is_not_known),
		TEST(test_an_answer_counts_for_the_address_that_was_judged),
		TEST(test_each_kind_of_answer_is_kept_for_its_own_time),
		TEST(test_a_field_over_its_bound_lets_nobody_in),
		TEST(test_without_a_time_to_live_each_is_asked),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
