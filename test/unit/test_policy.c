/* Promises of base/policy: how often a user may come, how long mail is kept. */
#include "check.h"

#include "base/policy.h"

static void test_expire_is_read_as_it_is_written(void **state)
{
	static const struct {
		const char *text;
		uint32_t unread, retrieved, told;
	} good[] = {
		{ "never", POLICY_NEVER, POLICY_NEVER, POLICY_NEVER },
		{ "NEVER", POLICY_NEVER, POLICY_NEVER, POLICY_NEVER },
		{ "60", 60, 60, 60 },
		{ "60,15", 60, 15, 15 },
		{ "15,60", 15, 60, 15 },
		{ "never,7", POLICY_NEVER, 7, 7 },
		{ "7,never", 7, POLICY_NEVER, 7 },
		{ "0", POLICY_NEVER, 0, 0 },
		{ "never,0", POLICY_NEVER, 0, 0 },
		{ "60,0", 60, 0, 0 },
		{ "36500", 36500, 36500, 36500 },
		{ "1d", 1, 1, 1 },
	};
	static const char *const bad[] = { "",      ",",    "60,", ",60", "60,15,1",
					   "36501", "-1",   "60 ", " 60", "0,0",
					   "0,7",   "ever", "1h" };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct policy p = { 1, 2, 3 };

		CHECK(policy_parse_expire(span_of(good[i].text), &p));
		CHECK_EQ(p.login_delay, 1);
		CHECK_EQ(p.unread, good[i].unread);
		CHECK_EQ(p.retrieved, good[i].retrieved);
		CHECK_EQ(policy_expire(&p), good[i].told);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct policy p = { 1, 2, 3 };

		CHECK(!policy_parse_expire(span_of(bad[i]), &p));
		CHECK_EQ(p.unread, 2);
		CHECK_EQ(p.retrieved, 3);
	}
}

/* What CAPA told before the login is true for everybody. */
static void test_users_have_their_own_within_bounds(void **state)
{
	const struct policy_site site = { { 60, 30, 30 }, 300, 7 };
	static const struct {
		struct policy own;
		bool has_delay, has_expire;
		struct policy holds;
	} cases[] = {
		{ { 0, 0, 0 }, false, false, { 60, 30, 30 } },
		{ { 0, 0, 0 }, true, false, { 0, 30, 30 } },
		{ { 300, 0, 0 }, true, false, { 300, 30, 30 } },
		{ { 301, 0, 0 }, true, false, { 300, 30, 30 } },
		{ { 9, POLICY_NEVER, 0 }, false, true, { 60, POLICY_NEVER, 7 } },
		{ { 9, 10, POLICY_NEVER }, true, true, { 9, 10, POLICY_NEVER } },
		{ { 9, 1, 1 }, false, true, { 60, 7, 7 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct policy p = policy_of(&site, cases[i].has_delay,
					    cases[i].has_expire, &cases[i].own);

		CHECK_EQ(p.login_delay, cases[i].holds.login_delay);
		CHECK_EQ(p.unread, cases[i].holds.unread);
		CHECK_EQ(p.retrieved, cases[i].holds.retrieved);
	}
}

/* Three quick ones, then one a minute; who stays away wins them back. */
static void test_logins_are_apart(void **state)
{
	const struct policy p = { 60, 0, 0 };
	const uint64_t start = UINT64_C(1700000000000);
	static const struct {
		unsigned at; /* seconds */
		bool may;
	} logins[] = {
		{ 0, true },    { 1, true },     { 2, true },    { 3, false },
		{ 59, false },  { 60, true },    { 61, false },  { 120, true },
		{ 179, false }, { 180, true },   { 1000, true }, { 1000, true },
		{ 1000, true }, { 1000, false },
	};
	uint64_t due = 0;

	(void)state;
	for (size_t i = 0; i < sizeof logins / sizeof *logins; i++) {
		uint64_t before = due;

		CHECK_EQ(policy_may_log_in(&p, 3, start + logins[i].at * UINT64_C(1000),
					   &due),
			 logins[i].may);
		CHECK(logins[i].may || due == before);
	}
}

static void test_delays_are_read_with_and_without_a_unit(void **state)
{
	static const struct {
		struct span text;
		bool ok;
		uint32_t seconds;
	} cases[] = {
		{ SPAN("0"), true, 0 },
		{ SPAN("90"), true, 90 },
		{ SPAN("90s"), true, 90 },
		{ SPAN("10m"), true, 600 },
		{ SPAN("1h"), true, 3600 },
		{ SPAN("1d"), true, 86400 },
		{ SPAN("86400"), true, 86400 },
		{ SPAN("86401"), false, 0 },
		{ SPAN("25h"), false, 0 },
		{ SPAN("2d"), false, 0 },
		{ SPAN(""), false, 0 },
		{ SPAN("h"), false, 0 },
		{ SPAN("1 h"), false, 0 },
		{ SPAN("1H"), false, 0 },
		{ SPAN("1ms"), false, 0 },
		{ SPAN("-1s"), false, 0 },
		{ SPAN("18446744073709551615d"), false, 0 },
	};
	struct policy p;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint32_t seconds = 77;

		CHECK_EQ(policy_parse_delay(cases[i].text, &seconds), cases[i].ok);
		CHECK_EQ(seconds, cases[i].ok ? cases[i].seconds : 77);
	}
	CHECK(policy_parse_expire(SPAN("7d,30d"), &p));
	CHECK_EQ(p.unread, 7);
	CHECK_EQ(p.retrieved, 30);
	CHECK(!policy_parse_expire(SPAN("d"), &p));
	CHECK(!policy_parse_expire(SPAN("7h"), &p));
}

static void test_one_login_at_a_time_is_exact(void **state)
{
	const struct policy p = { 10, 0, 0 }, none = { 0, 0, 0 };
	uint64_t due = 0;

	(void)state;
	CHECK(policy_may_log_in(&p, 1, 50000, &due));
	CHECK(!policy_may_log_in(&p, 1, 59999, &due));
	CHECK(policy_may_log_in(&p, 1, 60000, &due));
	const uint64_t before = due;
	for (int i = 0; i < 5; i++)
		CHECK(policy_may_log_in(&none, 1, 60000, &due));
	CHECK_EQ(due, before); /* somebody else's look is no login */
}

static void test_a_clock_that_goes_back_locks_nobody_out(void **state)
{
	const struct policy p = { 60, 0, 0 };
	uint64_t due = 0, rubbish = UINT64_MAX;

	(void)state;
	CHECK(policy_may_log_in(&p, 1, UINT64_C(1700000000000), &due));
	CHECK(policy_may_log_in(&p, 1, 1000, &due));
	CHECK(!policy_may_log_in(&p, 1, 2000, &due));
	CHECK(policy_may_log_in(&p, 1, UINT64_C(1700000000000), &rubbish));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_expire_is_read_as_it_is_written),
		TEST(test_users_have_their_own_within_bounds),
		TEST(test_logins_are_apart),
		TEST(test_delays_are_read_with_and_without_a_unit),
		TEST(test_one_login_at_a_time_is_exact),
		TEST(test_a_clock_that_goes_back_locks_nobody_out),
	};

	return RUN(tests);
}
