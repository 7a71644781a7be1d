/* Promises of authd/exchanges: what is kept for a front, and how much. */
#include "check.h"

#include <time.h>

#include "authd/exchanges.h"

/* The clock stands still until a test moves it. */
static uint64_t clock_s = 100000;

int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
	(void)clock;
	*out = (struct timespec){ .tv_sec = (time_t)clock_s };
	return 0;
}

static const struct login_rules rules = { 0 };

static struct sasl *new_sasl(void)
{
	const struct login_way way = { MECHANISM_ID_PLAIN, true, SPAN("127.0.0.1:1") };
	const struct sasl_channel channel = { 0 };

	return sasl_new(&rules, &way, &channel);
}

static struct exchange_key key_of(uint64_t i)
{
	return (struct exchange_key){ i << 32 | i % 7, i % 3 };
}

static struct sasl *put(struct exchanges *e, uint64_t i)
{
	struct sasl *sasl = new_sasl();

	CHECK(sasl && exchanges_put(e, key_of(i), sasl));
	return sasl;
}

static void take(struct exchanges *e, uint64_t i, const struct sasl *expected)
{
	struct sasl *sasl = exchanges_take(e, key_of(i));

	assert_ptr_equal(sasl, expected);
	sasl_free(sasl);
}

static void test_each_is_found_once_by_its_key(void **state)
{
	struct exchanges e;
	struct sasl *kept[3];

	(void)state;
	exchanges_init(&e);
	for (uint64_t i = 0; i < 3; i++)
		kept[i] = put(&e, i);
	CHECK(!exchanges_take(&e, (struct exchange_key){ key_of(1).id, 2 }));
	take(&e, 1, kept[1]);
	take(&e, 1, NULL);
	take(&e, 2, kept[2]);
	take(&e, 0, kept[0]);
	CHECK_EQ(e.count, 0);
	exchanges_done(&e);
}

static void test_a_front_keeps_no_more_than_the_most_and_the_oldest_ends(void **state)
{
	enum { MORE = 3 };
	struct exchanges e;
	struct sasl *kept[EXCHANGES_MAX + MORE];

	(void)state;
	exchanges_init(&e);
	for (uint64_t i = 0; i < EXCHANGES_MAX + MORE; i++) {
		kept[i] = put(&e, i);
		CHECK(e.count <= EXCHANGES_MAX);
	}
	for (uint64_t i = 0; i < MORE; i++)
		take(&e, i, NULL);
	for (uint64_t i = MORE; i < EXCHANGES_MAX + MORE; i++)
		take(&e, i, kept[i]);
	exchanges_done(&e);
}

static void test_all_end_with_the_front(void **state)
{
	struct exchanges e;

	(void)state;
	exchanges_init(&e);
	for (uint64_t i = 0; i < 100; i++)
		CHECK(put(&e, i));
	exchanges_done(&e);
	CHECK_EQ(e.count, 0);
}

/* The front's message that the client is gone was lost. */
static void test_one_that_is_an_hour_old_ends_with_the_next(void **state)
{
	struct exchanges e;

	(void)state;
	exchanges_init(&e);
	put(&e, 0);
	clock_s += 1;
	struct sasl *second = put(&e, 1);
	clock_s += 3600 - 1;
	struct sasl *third = put(&e, 2); /* the first is an hour old, and no more */
	CHECK_EQ(e.count, 3);
	clock_s += 1;
	struct sasl *fourth = put(&e, 3);
	CHECK_EQ(e.count, 3);
	take(&e, 0, NULL);
	take(&e, 1, second);
	take(&e, 2, third);
	take(&e, 3, fourth);
	exchanges_done(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_is_found_once_by_its_key),
		TEST(test_a_front_keeps_no_more_than_the_most_and_the_oldest_ends),
		TEST(test_all_end_with_the_front),
		TEST(test_one_that_is_an_hour_old_ends_with_the_next),
	};

	return RUN(tests);
}
