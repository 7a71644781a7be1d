/* Promises of dropd/lockowners and dropd/marks: who has which maildrop, and which marks
 * came in pieces. */
#include "check.h"

#include <time.h>

#include "dropd/lockowners.h"
#include "dropd/marks.h"

static struct lockowners all;
static char since[LOCKOWNER_SINCE_MAX], peer[LOCKOWNER_PEER_MAX];

/* Is this the time of the last minute, as RFC 3339 writes it? */
static bool is_now(const char *text)
{
	const time_t now = time(NULL);
	char expected[LOCKOWNER_SINCE_MAX];

	for (time_t t = now - 60; t <= now; t++) {
		strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%SZ", gmtime(&t));
		if (strcmp(text, expected) == 0)
			return true;
	}
	return false;
}

static void test_an_owner_is_found_until_it_is_removed(void **state)
{
	struct lockowner a = { .peer = "192.0.2.1:1" }, b = { .peer = "192.0.2.2:2" };

	(void)state;
	CHECK(lockowners_init(&all));
	CHECK(!lockowners_find(&all, "a", since, peer));
	lockowners_add(&all, &a, "a");
	lockowners_add(&all, &b, "b");
	CHECK(lockowners_find(&all, "a", since, peer));
	CHECK_TEXT(peer, "192.0.2.1:1");
	CHECK(is_now(since));
	lockowners_remove(&all, &a);
	CHECK(!lockowners_find(&all, "a", since, peer));
	CHECK(lockowners_find(&all, "b", since, peer));
	CHECK_TEXT(peer, "192.0.2.2:2");
	lockowners_remove(&all, &b);
	lockowners_remove(&all, &b); /* one that has none */
	CHECK(!lockowners_find(&all, "b", since, peer));
}

/* More owners than chains: each is taken out of the middle of its chain. */
static void test_owners_that_share_a_chain_are_told_apart(void **state)
{
	enum { COUNT = 3 * LOCKOWNERS_CHAINS };
	static struct lockowner owners[COUNT];
	char path[16];

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		snprintf(path, sizeof path, "u/%d", i);
		snprintf(owners[i].peer, sizeof owners[i].peer, "peer-%d", i);
		lockowners_add(&all, &owners[i], path);
	}
	for (int i = 0; i < COUNT; i += 2)
		lockowners_remove(&all, &owners[i]);
	for (int i = 0; i < COUNT; i++) {
		snprintf(path, sizeof path, "u/%d", i);
		CHECK_EQ(lockowners_find(&all, path, since, peer), i % 2);
		if (i % 2)
			CHECK_TEXT(peer, owners[i].peer);
	}
	for (int i = 1; i < COUNT; i += 2)
		lockowners_remove(&all, &owners[i]);
}

static void test_marks_come_in_pieces_of_both_rows(void **state)
{
	struct marks m = { .messages = 70, .notes_retrieved = true };

	(void)state;
	CHECK(marks_are(&m, 0, 0) && !marks_deleted(&m) && !marks_retrieved(&m));
	CHECK_EQ(marks_put(&m, 64, SPAN("\x20")), FAULT_NONE); /* message 70 */
	CHECK_EQ(marks_put(&m, 0, SPAN("\x01")), FAULT_NONE);
	CHECK_EQ(marks_put(&m, 128 + 8, SPAN("\x03")), FAULT_NONE);
	CHECK_EQ(marks_deleted(&m)[0], 1);
	CHECK_EQ(marks_deleted(&m)[1], 0x20);
	CHECK_EQ(marks_retrieved(&m)[0], 0x300);
	CHECK(marks_are(&m, 2, 2));
	CHECK(!marks_are(&m, 1, 2) && !marks_are(&m, 2, 3));
	CHECK_EQ(marks_put(&m, 256 - 8, SPAN("ab")), FAULT_PEER);
	CHECK_EQ(marks_put(&m, 4, SPAN("a")), FAULT_PEER);
	CHECK_EQ(marks_put(&m, 128 + 64, SPAN("\x40")), FAULT_NONE); /* message 71 */
	CHECK(!marks_are(&m, 2, 3));
	marks_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_owner_is_found_until_it_is_removed),
		TEST(test_owners_that_share_a_chain_are_told_apart),
		TEST(test_marks_come_in_pieces_of_both_rows),
	};

	return RUN(tests);
}
