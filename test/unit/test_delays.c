/* Promises of auth/delays: guessing gets slower and slower, whatever the guesser does,
 * and whoever belongs there gets in. */
#include "check.h"

#include "auth/delays.h"

enum { FIRST = 1000, MOST = 30000 };

static const struct delays_rule rule = { FIRST, MOST };
static const unsigned char key[DELAYS_KEY_OCTETS] = "0123456789abcde";

static struct address address(const char *text)
{
	struct address a;

	assert_true(address_parse(span_of(text), &a));
	return a;
}

static struct delays *begin(void)
{
	struct delays *d = delays_new(&rule, key);

	assert_non_null(d);
	return d;
}

static uint32_t ask(struct delays *d, const char *from, const char *name, uint64_t now)
{
	struct address a = address(from);

	return delays_ask(d, &a, span_of(name), now);
}

static void failed(struct delays *d, const char *from, const char *name, int times,
		   uint64_t now)
{
	struct address a = address(from);

	while (times-- > 0)
		delays_failed(d, &a, span_of(name), now);
}

static void good(struct delays *d, const char *from, const char *name, uint64_t now)
{
	struct address a = address(from);

	delays_good(d, &a, span_of(name), now);
}

/* Attempts one after the other, each of another name. */
static void test_delays_double_up_to_the_limit(void **state)
{
	static const uint32_t expected[] = { 0,    0,    0,     1000,  2000,
					     4000, 8000, 16000, 30000, 30000 };
	struct delays *d = begin();
	uint64_t now = 5000;
	char name[16];

	(void)state;
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		snprintf(name, sizeof name, "user%zu", i);
		uint32_t wait = ask(d, "192.0.2.1", name, now);

		CHECK_EQ(wait, expected[i]);
		now += wait;
		failed(d, "192.0.2.1", name, 1, now);
	}
	delays_free(d);
}

/* More connections get no more answers: one queues behind the other. */
static void test_parallel_attempts_queue(void **state)
{
	struct delays *d = begin();
	uint32_t expected = 0;

	(void)state;
	failed(d, "192.0.2.1", "a", DELAYS_FREE_ADDRESS + 2, 5000);
	for (int i = 0; i < 100; i++) {
		expected = expected + 2000 < MOST ? expected + 2000 : MOST;
		CHECK_EQ(ask(d, "192.0.2.1", "b", 5000), expected);
	}
	CHECK_EQ(ask(d, "192.0.2.1", "b", 5000 + MOST), 2000);
	delays_free(d);
}

static void test_who_waits_for_whose_failures(void **state)
{
	static const struct {
		const char *failed_from, *asks_from;
		bool waits;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "192.0.2.1", "::ffff:192.0.2.1", true },
		{ "2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true },
		{ "2001:db8:0:1::1", "2001:db8:0:2::1", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct delays *d = begin();

		failed(d, cases[i].failed_from, "a", DELAYS_FREE_ADDRESS + 1, 5000);
		CHECK_EQ(ask(d, cases[i].asks_from, "b", 5000) > 0, cases[i].waits);
		delays_free(d);
	}
}

/* Each address and each name fails too seldom to count. */
static void test_networks_count(void **state)
{
	static const struct {
		const char *head, *tail, *same, *other;
	} cases[] = {
		{ "192.0.2.", "", "192.0.2.200", "192.0.3.1" },
		{ "2001:db8:1:", "::1", "2001:db8:1:ffff::1", "2001:db8:2::1" },
	};
	char from[64], name[16];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct delays *d = begin();

		for (int n = 0; n <= DELAYS_FREE_NETWORK; n++) {
			CHECK_EQ(ask(d, cases[i].same, "b", 5000), 0);
			snprintf(from, sizeof from, "%s%d%s", cases[i].head, n + 1,
				 cases[i].tail);
			snprintf(name, sizeof name, "user%d", n);
			failed(d, from, name, 1, 5000);
		}
		CHECK_EQ(ask(d, cases[i].same, "b", 5000), FIRST);
		CHECK_EQ(ask(d, cases[i].other, "b", 5000), 0);
		delays_free(d);
	}
}

/* One name, guessed at from everywhere: the user waits where the user has never been,
 * never longer than the limit, and not at all at home. */
static void test_a_name_is_no_lock_out(void **state)
{
	struct delays *d = begin();
	char from[32];

	(void)state;
	good(d, "203.0.113.5", "alice", 5000);
	for (int i = 0; i < 1000; i++) {
		snprintf(from, sizeof from, "10.%d.%d.1", i / 200, i % 200);
		failed(d, from, "alice", 1, 5000);
		CHECK(ask(d, from, "alice", 5000) <= MOST);
	}
	CHECK_EQ(ask(d, "198.51.100.1", "alice", 5000), MOST);
	CHECK_EQ(ask(d, "198.51.100.1", "bob", 5000), 0);
	CHECK_EQ(ask(d, "203.0.113.5", "alice", 5000), 0);
	CHECK_EQ(ask(d, "203.0.113.77", "alice", 5000), 0); /* the same /24 */
	delays_free(d);
}

/* Where the user has been, a neighbour's failures do not count, but guesses at that
 * user's password do, and for that user alone. */
static void test_a_known_pair_stands_alone(void **state)
{
	struct delays *d = begin();

	(void)state;
	good(d, "192.0.2.1", "alice", 5000);
	failed(d, "192.0.2.1", "bob", 50, 5000);
	CHECK_EQ(ask(d, "192.0.2.1", "bob", 5000), MOST);
	CHECK_EQ(ask(d, "192.0.2.1", "alice", 5000), 0);
	failed(d, "192.0.2.1", "alice", DELAYS_FREE_PAIR, 5000);
	CHECK_EQ(ask(d, "192.0.2.1", "alice", 5000), 0);
	failed(d, "192.0.2.1", "alice", 1, 5000);
	CHECK_EQ(ask(d, "192.0.2.1", "alice", 5000), FIRST);
	CHECK_EQ(ask(d, "198.51.100.1", "alice", 5000), 0);
	delays_free(d);
}

/* A success does not wipe the slate: with one password of one's own one could guess at
 * all others. */
static void test_a_success_forgives_nothing(void **state)
{
	struct delays *d = begin();

	(void)state;
	failed(d, "192.0.2.1", "bob", DELAYS_FREE_ADDRESS + 1, 5000);
	good(d, "192.0.2.1", "mallory", 5000);
	CHECK_EQ(ask(d, "192.0.2.1", "bob", 5000), FIRST);
	delays_free(d);
}

static void test_failures_are_forgotten_with_time(void **state)
{
	const uint64_t start = 5000;
	struct delays *d = begin();

	(void)state;
	failed(d, "192.0.2.1", "a", 12, start);
	CHECK_EQ(ask(d, "192.0.2.1", "b", start), MOST);
	CHECK_EQ(ask(d, "192.0.2.1", "b", start + DELAYS_HALF_MS - 1), MOST);
	CHECK_EQ(ask(d, "192.0.2.1", "b", start + DELAYS_HALF_MS + MOST),
		 8000); /* for 6, half of them */
	CHECK_EQ(ask(d, "192.0.2.1", "b", start + 2 * DELAYS_HALF_MS), 1000);
	CHECK_EQ(ask(d, "192.0.2.1", "b", start + 3 * DELAYS_HALF_MS), 0);
	CHECK_EQ(ask(d, "192.0.2.1", "b", start + 1000000000), 0);
	delays_free(d);
}

/* Forgotten is forgotten: failures that come long behind the last ones are not the
 * older for them, and last as long as the first did. */
static void test_failures_behind_a_long_rest_count_as_new_ones(void **state)
{
	static const uint64_t rests[] = { 20, 1000 };

	(void)state;
	for (size_t i = 0; i < sizeof rests / sizeof *rests; i++) {
		const uint64_t later = 5000 + rests[i] * DELAYS_HALF_MS + 1;
		struct delays *d = begin();

		failed(d, "10.0.0.1", "alice", DELAYS_FREE_NAME + 3, 5000);
		CHECK(ask(d, "10.9.9.9", "alice", 5000) > 0);
		CHECK_EQ(ask(d, "10.9.9.9", "alice", later), 0);
		for (int n = 0; n <= DELAYS_FREE_NAME; n++) {
			CHECK_EQ(ask(d, "10.9.9.9", "alice", later), 0);
			failed(d, "10.1.0.1", "alice", 1, later);
		}
		CHECK_EQ(ask(d, "10.9.9.9", "alice", later), FIRST);
		CHECK_EQ(ask(d, "10.9.9.9", "alice", later + DELAYS_HALF_MS - 1),
			 FIRST);
		delays_free(d);
	}
}

/* Failures without end are forgotten nearly as soon as a few of them. */
static void test_counts_are_bounded(void **state)
{
	struct delays *d = begin();

	(void)state;
	failed(d, "192.0.2.1", "a", 100000, 5000);
	CHECK_EQ(ask(d, "192.0.2.1", "b", 5000), MOST);
	CHECK_EQ(ask(d, "192.0.2.1", "b", 5000 + 5 * DELAYS_HALF_MS), 0);
	delays_free(d);
}

/* A flood of other addresses and names pushes out what has failed less, not the record
 * of the one that matters. */
static void test_a_flood_does_not_clear_a_record(void **state)
{
	struct delays *d = begin();
	char from[64], name[32];

	(void)state;
	failed(d, "2001:db8:ffff::1", "victim", 12, 5000);
	for (int i = 0; i < 4 * DELAYS_RECORDS; i++) {
		snprintf(from, sizeof from, "2001:%x:%x::1", 0x1000 + i / 60000,
			 i % 60000);
		snprintf(name, sizeof name, "flood%d", i);
		failed(d, from, name, 1, 6000);
	}
	CHECK_EQ(ask(d, "2001:db8:ffff::1", "else", 6000), MOST);
	CHECK_EQ(ask(d, "198.51.100.1", "victim", 6000), MOST);
	delays_free(d);
}

/* Whoever has one password pushes out pairs of one bucket only. */
static void test_one_user_fills_one_bucket_of_pairs(void **state)
{
	struct delays *d = begin();
	char from[64], name[32];
	int kept = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "user%d", i);
		good(d, "192.0.2.1", name, 5000);
		failed(d, "198.51.100.1", name, 40, 5000);
	}
	for (int i = 0; i < 100000; i++) {
		snprintf(from, sizeof from, "2001:%x:%x::1", 0x1000 + i / 60000,
			 i % 60000);
		good(d, from, "mallory", 6000);
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "user%d", i);
		kept += ask(d, "192.0.2.1", name, 7000) == 0;
	}
	CHECK(kept >= 990);
	delays_free(d);
}

/* The octets of an address and those of a name never meet: a user "BCDEFalice" in the
 * network 192.0.65 does not make alice known in the network of IPv6 that has the same
 * octets. So many names are tried that some share their bucket with alice. */
static void test_no_name_makes_a_pair_of_another_address(void **state)
{
	struct delays *d = begin();

	(void)state;
	failed(d, "198.51.100.1", "alice", DELAYS_FREE_NAME + 1, 5000);
	for (unsigned i = 0; i < 50000; i++) {
		char name[16], from[32];
		struct address v6;

		snprintf(name, sizeof name, "%05ualice", i);
		snprintf(from, sizeof from, "c000:41%02x:%02x%02x:%02x%02x::1", name[0],
			 name[1], name[2], name[3], name[4]);
		v6 = address(from);
		good(d, "192.0.65.1", name, 5000);
		CHECK(delays_ask(d, &v6, SPAN("alice"), 5000) > 0);
	}
	delays_free(d);
}

/* "unknown", as a proxy may tell: the name counts. */
static void test_no_address(void **state)
{
	const struct address none = { 0 };
	struct delays *d = begin();

	(void)state;
	for (int i = 0; i <= DELAYS_FREE_NAME; i++) {
		CHECK_EQ(delays_ask(d, &none, SPAN("alice"), 5000), 0);
		delays_failed(d, &none, SPAN("alice"), 5000);
	}
	delays_good(d, &none, SPAN("alice"), 5000);
	CHECK_EQ(delays_ask(d, &none, SPAN("alice"), 5000), FIRST);
	CHECK_EQ(delays_ask(d, &none, SPAN("bob"), 5000), 0);
	CHECK_EQ(delays_ask(d, &none, SPAN(""), 5000), 0);
	delays_failed(d, &none, SPAN(""), 5000);
	delays_free(d);
}

static void test_no_delay_at_all(void **state)
{
	const struct delays_rule none = { 0, MOST };
	struct delays *d = delays_new(&none, key);

	(void)state;
	assert_non_null(d);
	failed(d, "192.0.2.1", "a", 100, 5000);
	CHECK_EQ(ask(d, "192.0.2.1", "a", 5000), 0);
	delays_free(d);
}

/* Names longer than any user's, as octets that a client chose. */
static void test_any_name(void **state)
{
	struct delays *d = begin();
	char name[400];

	(void)state;
	memset(name, 0xff, sizeof name);
	name[sizeof name - 1] = '\0';
	failed(d, "192.0.2.1", name, 10, 5000);
	CHECK(ask(d, "198.51.100.1", name, 5000) > 0);
	good(d, "192.0.2.1", name, 5000);
	CHECK_EQ(ask(d, "192.0.2.1", name, 5000), 0);
	delays_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_delays_double_up_to_the_limit),
		TEST(test_parallel_attempts_queue),
		TEST(test_who_waits_for_whose_failures),
		TEST(test_networks_count),
		TEST(test_a_name_is_no_lock_out),
		TEST(test_a_known_pair_stands_alone),
		TEST(test_a_success_forgives_nothing),
		TEST(test_failures_are_forgotten_with_time),
		TEST(test_failures_behind_a_long_rest_count_as_new_ones),
		TEST(test_counts_are_bounded),
		TEST(test_a_flood_does_not_clear_a_record),
		TEST(test_one_user_fills_one_bucket_of_pairs),
		TEST(test_no_name_makes_a_pair_of_another_address),
		TEST(test_no_address),
		TEST(test_no_delay_at_all),
		TEST(test_any_name),
	};

	return RUN(tests);
}
