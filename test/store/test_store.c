/* The one conformance suite: what every kind of store promises. Each promise is tried
 * with each kind in kinds.h. */
#include "suite.h"

static void deliver(const struct box *b, int n, struct span text)
{
	b->kind->deliver(b->root, n, text);
}

static void deliver_some(const struct box *b, int first, int end)
{
	for (int n = first; n < end; n++)
		deliver(b, n, SPAN("x\n"));
}

static bool is_there(const struct box *b, int n)
{
	return b->kind->is_there(b->root, n);
}

static enum fault open_at(const struct box *b, const char *path)
{
	const struct store_opening opening = {
		.place = { b->kind->id, b->root, path },
		.process = { .locks = b->locks, .boot = 1 },
	};
	struct maildrop *m;

	return store_open(&opening, &m, NULL);
}

/* ---- opening and listing ---- */

static void test_messages_come_in_delivery_order_with_exact_sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t octets;
	} mail[] = {
		{ "one\r\n", 5 }, { "a\nb\n", 6 },      { "two", 5 },
		{ "", 0 },        { ".\n..\nx\n", 10 }, { "From x\n\r\n>From\n", 17 },
	};
	enum { COUNT = sizeof mail / sizeof *mail };
	uint64_t octets = 0;
	char room[256];
	struct box b;

	box_open_kind(&b, *state);
	for (int i = COUNT - 1; i >= 0; i--) { /* each in front of what is there */
		deliver(&b, i, span_of(mail[i].text));
		octets += mail[i].octets;
	}
	struct maildrop *m = open_box(&b);
	CHECK_EQ(m->listing.count, COUNT);
	CHECK_EQ(m->listing.octets, octets);
	for (uint32_t i = 0; i < COUNT; i++) {
		CHECK_EQ(record(m, i + 1).octets, mail[i].octets);
		CHECK_SPAN(read_body(m, i + 1, room, sizeof room), mail[i].text);
	}
	store_close(m);
	box_close(&b);
}

static void test_an_empty_maildrop_and_a_missing_one(void **state)
{
	struct box b;
	struct maildrop *m;

	box_open_kind(&b, *state);
	for (int i = 0; i < 2; i++) { /* a home without one has got no mail yet */
		m = open_box(&b);
		CHECK_EQ(m->listing.count, 0);
		CHECK_EQ(m->listing.octets, 0);
		store_close(m);
	}
	CHECK_EQ(open_at(&b, "nobody/x"), FAULT_SETUP);
	CHECK(faccessat(b.root, "nobody", F_OK, 0) < 0);
	box_close(&b);
}

/* S9 of test_history.py: never through a symbolic link, never out of the root. */
static void test_nothing_leads_out_of_the_root(void **state)
{
	static const char *const paths[] = { "../x", "u/../../x", "/etc", "u/link" };
	struct box b;
	char path[80];

	box_open_kind(&b, *state);
	deliver_some(&b, 0, 1);
	assert_true(symlinkat("u", b.root, "link") == 0);
	assert_true(symlinkat(strchr(b.kind->path, '/') + 1, b.root, "u/link") == 0);
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		CHECK_EQ(open_at(&b, paths[i]), FAULT_SETUP);
	snprintf(path, sizeof path, "link%s", strchr(b.kind->path, '/'));
	CHECK_EQ(open_at(&b, path), FAULT_SETUP);
	box_close(&b);
}

/* The front may have the descriptor, be it of a file or of memory. */
static void test_the_listing_can_not_be_changed(void **state)
{
	struct box b;

	box_open_kind(&b, *state);
	deliver_some(&b, 0, 1);
	for (int kept = 0; kept < 2; kept++, b.index = STORE_INDEX_IGNORE) {
		struct maildrop *m = open_box(&b);

		CHECK(pwrite(m->listing.fd, "x", 1, 0) < 0);
		CHECK(ftruncate(m->listing.fd, 0) < 0);
		CHECK(ftruncate(m->listing.fd, 1 << 20) < 0);
		store_close(m);
	}
	box_close(&b);
}

/* With the index, without it, and when it is made anew. */
static void test_unique_ids_stay_and_differ(void **state)
{
	static const enum store_index way[] = { STORE_INDEX_KEEP, STORE_INDEX_KEEP,
						STORE_INDEX_IGNORE, STORE_INDEX_RENEW,
						STORE_INDEX_READ };
	enum { COUNT = 5 };
	struct listing_record first[COUNT];
	struct box b;

	box_open_kind(&b, *state);
	deliver_some(&b, 0, COUNT); /* all with the same octets */
	for (size_t w = 0; w < sizeof way / sizeof *way; w++) {
		b.index = way[w];
		struct maildrop *m = open_box(&b);
		CHECK_EQ(m->listing.count, COUNT);
		for (uint32_t i = 0; i < COUNT; i++) {
			const struct listing_record r = record(m, i + 1);

			CHECK(listing_uid_ok(listing_uid(&r)));
			if (w == 0)
				first[i] = r;
			CHECK(same_record(&r, &first[i]));
			for (uint32_t k = 0; k < i; k++)
				CHECK(r.uid_len != first[k].uid_len ||
				      memcmp(r.uid, first[k].uid, r.uid_len) != 0);
		}
		store_close(m);
		if (w < 3) /* and although others keep track of what was read */
			b.kind->mark_read(b.root, (int)w);
	}
	box_close(&b);
}

static void test_what_goes_and_comes_changes_no_other(void **state)
{
	struct box b;

	box_open_kind(&b, *state);
	deliver_some(&b, 0, 4);
	struct maildrop *m = open_box(&b);
	const struct listing_record second = record(m, 2), last = record(m, 4);
	store_close(m);
	b.kind->remove(b.root, 0);
	b.kind->remove(b.root, 2);
	deliver_some(&b, 4, 6);
	m = open_box(&b);
	CHECK_EQ(m->listing.count, 4);
	const struct listing_record r1 = record(m, 1), r2 = record(m, 2);
	CHECK(same_record(&r1, &second) && same_record(&r2, &last));
	store_close(m);
	box_close(&b);
}

/* ---- neighbours ---- */

static void test_a_message_that_was_marked_is_found(void **state)
{
	struct box b;
	char room[16];

	box_open_kind(&b, *state);
	deliver(&b, 0, SPAN("one"));
	deliver(&b, 1, SPAN("two"));
	struct maildrop *m = open_box(&b);
	b.kind->mark_read(b.root, 0);
	CHECK_SPAN(read_body(m, 1, room, sizeof room), "one");
	b.kind->mark_read(b.root, 1);
	CHECK_SPAN(read_body(m, 2, room, sizeof room), "two");
	store_close(m);
	box_close(&b);
}

static void test_a_message_that_is_gone_is_refused_alone(void **state)
{
	struct box b;
	struct store_body body;
	char room[16];

	box_open_kind(&b, *state);
	deliver(&b, 0, SPAN("one"));
	deliver(&b, 1, SPAN("two"));
	struct maildrop *m = open_box(&b);
	b.kind->remove(b.root, 0);
	CHECK_EQ(store_body(m, 1, &body, NULL), FAULT_GONE);
	CHECK_EQ(store_body(m, 1, &body, NULL), FAULT_GONE);
	CHECK_SPAN(read_body(m, 2, room, sizeof room), "two");
	CHECK_EQ(store_body(m, 0, &body, NULL), FAULT_NO_MESSAGE);
	CHECK_EQ(store_body(m, 3, &body, NULL), FAULT_NO_MESSAGE);
	CHECK_EQ(store_body(m, UINT32_MAX, &body, NULL), FAULT_NO_MESSAGE);
	store_close(m);
	box_close(&b);
}

/* Never another message's octets; nor is what was not listed removed. */
static void test_what_took_the_place_of_a_message_is_not_it(void **state)
{
	const uint64_t mark = 1;
	struct store_body body;
	struct why why;
	uint32_t left;
	struct box b;

	box_open_kind(&b, *state);
	deliver(&b, 0, SPAN("one"));
	deliver(&b, 1, SPAN("two"));
	struct maildrop *m = open_box(&b);
	b.kind->replace(b.root, 0, SPAN("never seen"));
	CHECK_EQ(store_body(m, 1, &body, NULL), FAULT_CHANGED);
	b.kind->mark_read(b.root, 0);
	CHECK_EQ(store_body(m, 1, &body, &why), FAULT_CHANGED);
	CHECK_EQ(why.sys, 0); /* no call has failed */
	CHECK_EQ(store_commit(m, &mark, NULL, &left, NULL), FAULT_CHANGED);
	CHECK(is_there(&b, 0) && is_there(&b, 1));
	store_close(m);
	box_close(&b);
}

/* ---- the lock ---- */

static void test_one_session_for_a_maildrop(void **state)
{
	struct box b;
	struct maildrop *other;
	uint32_t left;

	box_open_kind(&b, *state);
	struct maildrop *m = open_box(&b);
	CHECK_EQ(try_open(&b, &other), FAULT_BUSY);
	store_close(m);
	m = open_box(&b);
	CHECK_EQ(store_commit(m, NULL, NULL, &left, NULL), FAULT_NONE);
	other = open_box(&b); /* a commit has released it */
	store_close(m);
	store_close(other);
	box_close(&b);
}

static void test_sessions_that_only_read_share_it(void **state)
{
	struct box b;
	struct maildrop *m;

	box_open_kind(&b, *state);
	deliver_some(&b, 0, 2);
	b.read_only = true;
	struct maildrop *one = open_box(&b), *two = open_box(&b);
	CHECK_EQ(one->listing.count + two->listing.count, 4);
	b.read_only = false;
	CHECK_EQ(try_open(&b, &m), FAULT_BUSY);
	store_close(one);
	store_close(two);
	m = open_box(&b);
	store_close(m);
	box_close(&b);
}

static void test_the_lock_dies_with_its_process(void **state)
{
	struct box b;
	int ready[2];
	char c;
	struct maildrop *m;

	box_open_kind(&b, *state);
	assert_true(pipe(ready) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (try_open(&b, &m) == FAULT_NONE && write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	assert_true(read(ready[0], &c, 1) == 1);
	CHECK_EQ(try_open(&b, &m), FAULT_BUSY);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	m = open_box(&b);
	store_close(m);
	close(ready[0]);
	close(ready[1]);
	box_close(&b);
}

static void *close_soon(void *arg)
{
	struct maildrop *m = arg;

	store_close(m);
	return NULL;
}

/* A client that comes back at once finds its old session just ending, not [IN-USE]. */
static void test_a_lock_that_is_being_released_is_waited_for(void **state)
{
	struct box b;

	box_open_kind(&b, *state);
	store_locks_free(b.locks);
	b.locks = store_locks_new(4, 10000);
	for (int i = 0; i < 50; i++) {
		pthread_t thread;
		struct maildrop *m = open_box(&b);

		assert_true(pthread_create(&thread, NULL, close_soon, m) == 0);
		m = open_box(&b);
		store_close(m);
		pthread_join(thread, NULL);
	}
	box_close(&b);
}

/* Only so many threads may wait, so that one maildrop holds up no other's logins. */
static void test_no_more_wait_for_a_lock_than_may(void **state)
{
	static const struct {
		unsigned waiters;
		bool waits;
	} table[] = { { 0, false }, { 1, true } };

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct maildrop *other = NULL;
		struct box b;

		box_open_kind(&b, *state);
		store_locks_free(b.locks);
		b.locks = store_locks_new(table[i].waiters, 30);
		struct maildrop *m = open_box(&b);
		waits = 0;
		CHECK_EQ(try_open(&b, &other), FAULT_BUSY);
		CHECK_EQ(waits > 0, table[i].waits);
		store_close(m);
		box_close(&b);
	}
}

/* ---- commit ---- */

static void test_commit_removes_exactly_what_is_marked(void **state)
{
	struct box b;
	uint32_t left = 77;
	uint64_t marks[3] = { 0 }, octets, ascii_octets;

	box_open_kind(&b, *state);
	deliver_some(&b, 0, 130);
	for (int i = 0; i < 130; i += 3)
		marks[i / 64] |= UINT64_C(1) << i % 64;
	struct maildrop *m = open_box(&b);
	store_left(&m->listing, marks, &octets, &ascii_octets);
	CHECK_EQ(octets, (130 - 44) * strlen("x\r\n"));
	CHECK_EQ(ascii_octets, octets);
	CHECK_EQ(store_commit(m, marks, NULL, &left, NULL), FAULT_NONE);
	CHECK_EQ(left, 130 - 44);
	for (int i = 0; i < 130; i++)
		CHECK_EQ(is_there(&b, i), i % 3 != 0);
	store_close(m);
	m = open_box(&b);
	CHECK_EQ(m->listing.count, left);
	store_close(m);
	box_close(&b);
}

static void test_without_a_commit_nothing_is_removed(void **state)
{
	struct box b;
	uint32_t left;

	box_open_kind(&b, *state);
	deliver_some(&b, 0, 1);
	struct maildrop *m = open_box(&b);
	store_close(m);
	CHECK(is_there(&b, 0));
	m = open_box(&b);
	CHECK_EQ(store_commit(m, NULL, NULL, &left, NULL), FAULT_NONE);
	CHECK_EQ(left, 1);
	CHECK(is_there(&b, 0));
	store_close(m);
	box_close(&b);
}

/* Marked messages that others marked are found; those that others removed count as
 * removed; what came meanwhile stays. */
static void test_commit_among_neighbours(void **state)
{
	struct box b;
	const uint64_t marks = 7;
	uint32_t left = 77;
	struct store_body body;

	box_open_kind(&b, *state);
	deliver_some(&b, 1, 5);
	struct maildrop *m = open_box(&b);
	b.kind->remove(b.root, 1);
	CHECK_EQ(store_body(m, 1, &body, NULL), FAULT_GONE);
	b.kind->mark_read(b.root, 2);
	b.kind->remove(b.root, 3);
	deliver_some(&b, 5, 6);
	deliver_some(&b, 0, 1);
	CHECK_EQ(store_commit(m, &marks, NULL, &left, NULL), FAULT_NONE);
	CHECK_EQ(left, 1);
	CHECK(!is_there(&b, 2) && is_there(&b, 4) && is_there(&b, 5) &&
	      is_there(&b, 0));
	store_close(m);
	box_close(&b);
}

/* ---- all of it, with all of them ---- */

static const struct CMUnitTest promises[] = {
	TEST(test_messages_come_in_delivery_order_with_exact_sizes),
	TEST(test_an_empty_maildrop_and_a_missing_one),
	TEST(test_nothing_leads_out_of_the_root),
	TEST(test_the_listing_can_not_be_changed),
	TEST(test_unique_ids_stay_and_differ),
	TEST(test_what_goes_and_comes_changes_no_other),
	TEST(test_a_message_that_was_marked_is_found),
	TEST(test_a_message_that_is_gone_is_refused_alone),
	TEST(test_what_took_the_place_of_a_message_is_not_it),
	TEST(test_one_session_for_a_maildrop),
	TEST(test_sessions_that_only_read_share_it),
	TEST(test_the_lock_dies_with_its_process),
	TEST(test_a_lock_that_is_being_released_is_waited_for),
	TEST(test_no_more_wait_for_a_lock_than_may),
	TEST(test_commit_removes_exactly_what_is_marked),
	TEST(test_without_a_commit_nothing_is_removed),
	TEST(test_commit_among_neighbours),
};

int main(void)
{
	return suite_run(promises, sizeof promises / sizeof *promises);
}
