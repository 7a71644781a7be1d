/* What every kind of store promises of deliveries. Each promise is tried with each kind
 * in kinds.h. */
#include <stdatomic.h>

#include "arrive.h"
#include "suite.h"

static uint32_t count_of(const struct box *b)
{
	struct maildrop *m = open_box(b);
	const uint32_t count = m->listing.count;

	store_close(m);
	return count;
}

static void close_both(struct box *b, struct maildrop *m)
{
	store_close(m);
	box_close(b);
}

/* ---- one message ---- */

static void test_a_message_comes_whole_and_last_with_its_sizes(void **state)
{
	static const char *const mail[] = { "a: b\n\nx\n", "two",     "",
					    ".\n..\nx\n",  "one\r\n", "\n",
					    "a\nb\r\n\r" };
	enum { COUNT = sizeof mail / sizeof *mail };
	struct store_delivered out;
	char room[64];
	struct box b;

	box_open_kind(&b, *state);
	for (uint32_t i = 0; i < COUNT; i++) {
		CHECK_EQ(arrive_within(&b, span_of(mail[i]), &no_quota, &out),
			 FAULT_NONE);
		struct maildrop *m = open_box(&b);
		CHECK_EQ(m->listing.count, i + 1);
		CHECK_EQ(record(m, i + 1).octets, out.octets);
		for (uint32_t k = 0; k <= i; k++)
			CHECK_SPAN(read_body(m, k + 1, room, sizeof room), mail[k]);
		store_close(m);
	}
	box_close(&b);
}

static void test_a_large_message_comes_whole_from_any_offset(void **state)
{
	enum { OCTETS = 300001 };
	struct store_delivered out;
	static char text[OCTETS], room[OCTETS];
	uint64_t random = 1;
	struct box b;

	for (size_t i = 0; i < OCTETS; i++)
		text[i] = "ab\r\n.\0c\xff"[check_random(&random) % 8];
	box_open_kind(&b, *state);
	const struct span all = { text, OCTETS };
	CHECK_EQ(arrive_within(&b, all, &no_quota, &out), FAULT_NONE);
	struct maildrop *m = open_box(&b);
	CHECK_EQ(record(m, 1).octets, out.octets);
	const struct span got = read_body(m, 1, room, sizeof room);
	CHECK(got.len == OCTETS && memcmp(got.at, text, OCTETS) == 0);
	close_both(&b, m);
}

/* ... of the file, as many octets as were announced. */
static void test_a_file_of_another_length(void **state)
{
	struct store_delivered out = { .octets = 99 };
	struct box b;

	box_open_kind(&b, *state);
	const struct store_opening o = arrival(&b);
	OWN_FD fd = message_file(SPAN("abc\n"));
	struct store_message m = { .fd = fd, .octets = 5 };
	struct why why;
	CHECK_EQ(store_deliver(&o, &m, &no_quota, &out, &why), FAULT_PEER);
	errno = EINTR; /* of an earlier call: the end of the file is no signal */
	CHECK_EQ(store_deliver(&o, &m, &no_quota, &out, &why), FAULT_PEER);
	CHECK_EQ(out.octets, 99);
	CHECK_EQ(count_of(&b), 0);
	m.octets = 3; /* somebody appends to it */
	CHECK_EQ(store_deliver(&o, &m, &no_quota, &out, &why), FAULT_NONE);
	CHECK_EQ(out.octets, 5);
	m.fd = -1;
	CHECK_EQ(store_deliver(&o, &m, &no_quota, &out, &why), FAULT_IO);
	m.octets = UINT64_MAX;
	CHECK(store_deliver(&o, &m, &no_quota, &out, &why) != FAULT_NONE);
	CHECK_EQ(count_of(&b), 1);
	box_close(&b);
}

static bool nobody_waits(void *arg)
{
	++*(int *)arg;
	return false;
}

static bool somebody_waits(void *arg)
{
	++*(int *)arg;
	return true;
}

static void test_what_nobody_waits_for_is_not_stored(void **state)
{
	struct store_delivered out;
	struct box b;
	int asked = 0;

	box_open_kind(&b, *state);
	const struct store_opening o = arrival(&b);
	OWN_FD fd = message_file(SPAN("abc\n"));
	struct store_message m = { fd, 4, nobody_waits, &asked };
	CHECK_EQ(store_deliver(&o, &m, &no_quota, &out, NULL), FAULT_GONE);
	CHECK_EQ(count_of(&b), 0);
	m.is_wanted = somebody_waits;
	CHECK_EQ(store_deliver(&o, &m, &no_quota, &out, NULL), FAULT_NONE);
	CHECK_EQ(asked, 2);
	CHECK_EQ(count_of(&b), 1);
	box_close(&b);
}

static void test_a_session_neither_hinders_mail_nor_sees_it(void **state)
{
	struct box b;
	char room[16];

	box_open_kind(&b, *state);
	CHECK_EQ(arrive(&b, "one\n"), FAULT_NONE);
	struct maildrop *m = open_box(&b);
	CHECK_EQ(arrive(&b, "two\n"), FAULT_NONE);
	CHECK_EQ(m->listing.count, 1);
	CHECK_SPAN(read_body(m, 1, room, sizeof room), "one\n");
	const uint64_t all = 1;
	uint32_t left;
	CHECK_EQ(store_commit(m, &all, NULL, &left, NULL), FAULT_NONE);
	store_close(m);
	m = open_box(&b);
	CHECK_EQ(m->listing.count, 1);
	CHECK_SPAN(read_body(m, 1, room, sizeof room), "two\n");
	close_both(&b, m);
}

/* ---- where the maildrop is ---- */

static enum fault ask_at(const struct box *b, const char *path, bool makes_home)
{
	struct store_opening o = arrival(b);

	o.place.path = path;
	o.use.makes_home = makes_home;
	return store_accepts(&o, &no_quota, 0, NULL);
}

static enum fault arrive_at(const struct box *b, const char *path, bool makes_home,
			    struct store_delivered *out)
{
	struct store_opening o = arrival(b);
	OWN_FD fd = message_file(SPAN("x\n"));
	const struct store_message m = { .fd = fd, .octets = 2 };

	o.place.path = path;
	o.use.makes_home = makes_home;
	return store_deliver(&o, &m, &no_quota, out, NULL);
}

static void test_homes_are_made_only_when_they_may_be(void **state)
{
	static const struct store_quota quota = { .messages = 1 };
	struct store_delivered out;
	struct store_usage usage = { 9, 9 };
	struct box b;
	int spool = -1;

	box_open_kind(&b, *state);
	struct store_opening o = arrival(&b);
	o.place.path = "a/b/x";
	CHECK_EQ(ask_at(&b, "a/b/x", false), FAULT_SETUP);
	CHECK_EQ(arrive_at(&b, "a/b/x", false, &out), FAULT_SETUP);
	CHECK_EQ(store_spool(&o, &spool, NULL), FAULT_SETUP);
	CHECK_EQ(store_usage(&o, &usage, NULL), FAULT_SETUP);
	CHECK(usage.octets == 9 && usage.messages == 9);
	CHECK_EQ(spool, -1);
	CHECK_EQ(ask_at(&b, "a/b/x", true), FAULT_NONE);
	o.use.makes_home = true;
	CHECK_EQ(store_accepts(&o, &quota, 1, NULL), FAULT_NONE);
	CHECK_EQ(store_usage(&o, &usage, NULL), FAULT_NONE);
	CHECK_EQ(usage.octets + usage.messages, 0);
	CHECK(faccessat(b.root, "a", F_OK, 0) < 0);
	CHECK_EQ(arrive_at(&b, "a/b/x", true, &out), FAULT_NONE);
	CHECK(out.has_new_home);
	CHECK_EQ(arrive_at(&b, "a/b/x", true, &out), FAULT_NONE);
	CHECK(!out.has_new_home);
	CHECK_EQ(ask_at(&b, b.kind->path, false), FAULT_NONE); /* a home without mail */
	CHECK(faccessat(b.root, b.kind->path, F_OK, 0) < 0);
	CHECK_EQ(arrive(&b, "x\n"), FAULT_NONE);
	CHECK_EQ(count_of(&b), 1);
	box_close(&b);
}

static void test_no_mail_leaves_the_root(void **state)
{
	static const char *const paths[] = { "../x", "u/../../x", "/etc", "u/link" };
	struct store_delivered out;
	struct box b;

	box_open_kind(&b, *state);
	CHECK_EQ(arrive(&b, "x\n"), FAULT_NONE);
	assert_true(symlinkat(strchr(b.kind->path, '/') + 1, b.root, "u/link") == 0);
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		for (int makes = 0; makes < 2; makes++) {
			CHECK_EQ(ask_at(&b, paths[i], makes), FAULT_SETUP);
			CHECK_EQ(arrive_at(&b, paths[i], makes, &out), FAULT_SETUP);
		}
	CHECK_EQ(count_of(&b), 1);
	box_close(&b);
}

static void test_a_spool_is_an_empty_file_that_nobody_can_find(void **state)
{
	const struct store_message empty = { .octets = 0 };
	struct store_delivered out;
	struct stat st;
	struct box b;
	int spool;

	box_open_kind(&b, *state);
	const struct store_opening o = arrival(&b);
	const unsigned before = scratch_descriptors();
	CHECK_EQ(store_spool(&o, &spool, NULL), FAULT_NONE);
	CHECK_EQ(scratch_descriptors(), before + 1);
	CHECK(fstat(spool, &st) == 0 && S_ISREG(st.st_mode));
	CHECK_EQ(st.st_size, 0);
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(count_of(&b), 0);
	CHECK(pwrite(spool, "large\n", 6, 0) == 6);
	struct store_message m = empty;
	m.fd = spool;
	m.octets = 6;
	CHECK_EQ(store_deliver(&o, &m, &no_quota, &out, NULL), FAULT_NONE);
	close(spool);
	CHECK_EQ(out.octets, 7);
	CHECK_EQ(count_of(&b), 1);
	CHECK_EQ(scratch_descriptors(), before);
	box_close(&b);
}

/* ---- quota ---- */

static void test_a_quota_is_exact_to_the_octet(void **state)
{
	static const struct {
		struct store_quota quota;
		uint64_t octets; /* of the message, when the maildrop has 10 in 2 */
		bool holds;
	} cases[] = {
		{ { 0, 0, 0 }, 1000, true },
		{ { 15, 0, 0 }, 5, true },
		{ { 14, 0, 0 }, 5, false },
		{ { 14, 0, 1 }, 5, true },
		{ { 13, 0, 1 }, 5, false },
		{ { 10, 0, 100 }, 5, false },
		{ { 11, 0, 100 }, 5, true },
		{ { 9, 0, 100 }, 5, false },
		{ { 0, 2, 0 }, 5, false },
		{ { 0, 3, 0 }, 5, true },
		{ { 15, 3, 0 }, 5, true },
		{ { 14, 3, 0 }, 5, false },
		{ { 15, 2, 0 }, 5, false },
		{ { 11, 0, 0 }, 0, true },
		{ { 10, 0, 0 }, 0, false },
		{ { 0, 0, 9 }, 5, true },
		{ { 100, 0, 0 }, 90, true },
		{ { 100, 0, 0 }, 91, false },
		{ { 11, 0, UINT64_MAX }, UINT64_MAX, true },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct store_quota *q = &cases[i].quota;
		struct store_delivered out = { 0 };
		struct box b;

		box_open_kind(&b, *state);
		CHECK_EQ(arrive(&b, "abc\n"), FAULT_NONE);
		CHECK_EQ(arrive(&b, "abc"), FAULT_NONE);
		const struct store_opening o = arrival(&b);
		CHECK_EQ(store_accepts(&o, q, cases[i].octets, NULL),
			 cases[i].holds ? FAULT_NONE : FAULT_QUOTA);
		const enum fault f = arrive_within(&b, SPAN("xyz\n"), q, &out);
		if (cases[i].octets == 5)
			CHECK_EQ(f, cases[i].holds ? FAULT_NONE : FAULT_QUOTA);
		CHECK_EQ(count_of(&b), f ? 2 : 3);
		if (f == FAULT_NONE && (q->octets || q->messages)) {
			CHECK_EQ(out.before.octets, 10);
			CHECK_EQ(out.before.messages, 2);
			CHECK_EQ(out.after.octets, 15);
			CHECK_EQ(out.after.messages, 3);
		}
		box_close(&b);
	}
}

static void test_a_quota_that_is_reached_between_the_question_and_the_mail(void **state)
{
	static const struct store_quota quota = { .messages = 2 };
	struct store_delivered out;
	struct box b;

	box_open_kind(&b, *state);
	const struct store_opening o = arrival(&b);
	CHECK_EQ(arrive(&b, "x\n"), FAULT_NONE);
	CHECK_EQ(store_accepts(&o, &quota, 2, NULL), FAULT_NONE);
	b.kind->deliver(b.root, 1, SPAN("y\n"));
	CHECK_EQ(arrive_within(&b, SPAN("z\n"), &quota, &out), FAULT_QUOTA);
	b.kind->remove(b.root, 1);
	CHECK_EQ(arrive_within(&b, SPAN("z\n"), &quota, &out), FAULT_NONE);
	CHECK_EQ(store_accepts(&o, &quota, 2, NULL), FAULT_QUOTA);
	CHECK_EQ(count_of(&b), 2);
	box_close(&b);
}

/* Neighbours, deliveries and sessions, in any order, with the index and without it. */
static void test_the_usage_is_what_a_session_would_list(void **state)
{
	enum { STEPS = 300, NEIGHBOURS = 40 };

	for (int way = 0; way < 2; way++) {
		uint64_t random = 7;
		struct box b;

		box_open_kind(&b, *state);
		b.index = way ? STORE_INDEX_KEEP : STORE_INDEX_IGNORE;
		for (int i = 0; i < STEPS; i++) {
			const int n = (int)(check_random(&random) % NEIGHBOURS);
			const struct store_opening o = arrival(&b);
			struct store_usage usage;
			struct box fresh = b;

			switch (check_random(&random) % 4) {
			case 0:
				CHECK_EQ(arrive(&b, "a: b\n\nc\n"), FAULT_NONE);
				break;
			case 1:
				if (b.kind->is_there(b.root, n))
					b.kind->remove(b.root, n);
				else
					b.kind->deliver(b.root, n, SPAN("x\ny\n"));
				break;
			case 2:
				if (b.kind->is_there(b.root, n))
					b.kind->replace(b.root, n, SPAN("1\n2\n3\n"));
				break;
			default:
				count_of(&b);
			}
			CHECK_EQ(store_usage(&o, &usage, NULL), FAULT_NONE);
			fresh.index = STORE_INDEX_IGNORE;
			struct maildrop *m = open_box(&fresh);
			CHECK_EQ(usage.octets, m->listing.octets);
			CHECK_EQ(usage.messages, m->listing.count);
			store_close(m);
		}
		box_close(&b);
	}
}

/* ---- many at once ---- */

enum { DELIVERERS = 4, DELIVERIES = 60, NEIGHBOUR_MESSAGES = 40 };

struct crowd {
	struct box box;
	const struct store_quota *quota;
	atomic_uint clock, next_thread, delivered, refused;
	/* When each delivery began and ended, by `clock`. end 0: it was refused */
	atomic_uint began[DELIVERERS * DELIVERIES], ended[DELIVERERS * DELIVERIES];
	unsigned seen[DELIVERERS * DELIVERIES]; /* removed by a session */
	unsigned neighbours_seen;
};

static void text_of_delivery(unsigned n, char out[2000])
{
	int len = snprintf(out, 2000, "id: %u\n\n", n);

	for (unsigned i = 0; i < n % 40; i++)
		len += snprintf(out + len, 2000 - (size_t)len, "line %u of %u\n", i, n);
}

static void *deliver_all(void *arg)
{
	struct crowd *c = arg;
	const unsigned thread = atomic_fetch_add(&c->next_thread, 1);

	for (unsigned i = 0; i < DELIVERIES; i++) {
		const unsigned n = thread * DELIVERIES + i;
		struct store_delivered out;
		char text[2000];

		text_of_delivery(n, text);
		c->began[n] = atomic_fetch_add(&c->clock, 1) + 1;
		const enum fault f =
			arrive_within(&c->box, span_of(text), c->quota, &out);
		if (f && f != FAULT_QUOTA)
			abort();
		atomic_fetch_add(f ? &c->refused : &c->delivered, 1);
		c->ended[n] = f ? 0 : atomic_fetch_add(&c->clock, 1) + 1;
	}
	return NULL;
}

static void *be_neighbour(void *arg)
{
	struct crowd *c = arg;

	for (int n = 0; n < NEIGHBOUR_MESSAGES; n++)
		c->box.kind->deliver(c->box.root, n, SPAN("neighbour\n"));
	return NULL;
}

/* The number of the message, which is as it was sent. -1: it is the neighbour's. */
static int check_message(struct maildrop *m, uint32_t msg)
{
	char room[2000], want[2000];
	const struct span got = read_body(m, msg, room, sizeof room);
	unsigned n;

	if (span_is(got, "neighbour\n"))
		return -1;
	assert_true(sscanf(room, "id: %u\n", &n) == 1 && n < DELIVERERS * DELIVERIES);
	text_of_delivery(n, want);
	CHECK_SPAN(got, want);
	return (int)n;
}

/* One session: a delivery that had ended before another one began comes before it;
 * every third message is removed. */
static void hold_session(struct crowd *c)
{
	struct maildrop *m = open_box(&c->box);
	uint64_t *marks = calloc(m->listing.count / 64 + 1, sizeof *marks);
	unsigned latest = 0; /* the latest beginning of those before */
	uint32_t left;

	for (uint32_t i = 0; i < m->listing.count; i++) {
		const int n = check_message(m, i + 1);

		if (n >= 0) {
			const unsigned ended = c->ended[n], began = c->began[n];

			assert_true(ended == 0 || ended >= latest);
			latest = began > latest ? began : latest;
		}
		if (i % 3)
			continue;
		marks[i / 64] |= UINT64_C(1) << i % 64;
		if (n >= 0)
			c->seen[n]++;
		else
			c->neighbours_seen++;
	}
	CHECK_EQ(store_commit(m, marks, NULL, &left, NULL), FAULT_NONE);
	store_close(m);
	free(marks);
}

static void count_the_rest(struct crowd *c)
{
	struct maildrop *m = open_box(&c->box);

	for (uint32_t msg = 1; msg <= m->listing.count; msg++) {
		const int n = check_message(m, msg);

		if (n >= 0)
			c->seen[n]++;
		else
			c->neighbours_seen++;
	}
	store_close(m);
}

static void crowd_start(struct crowd *c, pthread_t threads[DELIVERERS])
{
	for (int i = 0; i < DELIVERERS; i++)
		assert_true(pthread_create(&threads[i], NULL, deliver_all, c) == 0);
}

static void crowd_join(pthread_t threads[DELIVERERS])
{
	for (int i = 0; i < DELIVERERS; i++)
		assert_true(pthread_join(threads[i], NULL) == 0);
}

static void test_deliveries_neighbours_and_sessions_at_once(void **state)
{
	static struct crowd c;
	pthread_t threads[DELIVERERS], neighbour;

	c = (struct crowd){ .quota = &no_quota };
	box_open_kind(&c.box, *state);
	assert_true(pthread_create(&neighbour, NULL, be_neighbour, &c) == 0);
	crowd_start(&c, threads);
	for (int i = 0; i < 12; i++)
		hold_session(&c);
	crowd_join(threads);
	assert_true(pthread_join(neighbour, NULL) == 0);
	count_the_rest(&c);
	for (unsigned n = 0; n < DELIVERERS * DELIVERIES; n++)
		CHECK_EQ(c.seen[n], 1);
	CHECK_EQ(c.neighbours_seen, NEIGHBOUR_MESSAGES);
	box_close(&c.box);
}

/* Never one message too many, and none is refused as long as there is room. */
static void test_a_quota_holds_when_deliveries_come_at_once(void **state)
{
	static const struct store_quota quota = { .messages = 150 };
	static struct crowd c;
	pthread_t threads[DELIVERERS];

	c = (struct crowd){ .quota = &quota };
	box_open_kind(&c.box, *state);
	crowd_start(&c, threads);
	crowd_join(threads);
	CHECK_EQ(c.delivered, 150);
	CHECK_EQ(c.refused, DELIVERERS * DELIVERIES - 150);
	CHECK_EQ(count_of(&c.box), 150);
	box_close(&c.box);
}

/* ---- all of them, with each kind ---- */

static const struct CMUnitTest promises[] = {
	TEST(test_a_message_comes_whole_and_last_with_its_sizes),
	TEST(test_a_large_message_comes_whole_from_any_offset),
	TEST(test_a_file_of_another_length),
	TEST(test_what_nobody_waits_for_is_not_stored),
	TEST(test_a_session_neither_hinders_mail_nor_sees_it),
	TEST(test_homes_are_made_only_when_they_may_be),
	TEST(test_no_mail_leaves_the_root),
	TEST(test_a_spool_is_an_empty_file_that_nobody_can_find),
	TEST(test_a_quota_is_exact_to_the_octet),
	TEST(test_a_quota_that_is_reached_between_the_question_and_the_mail),
	TEST(test_the_usage_is_what_a_session_would_list),
	TEST(test_deliveries_neighbours_and_sessions_at_once),
	TEST(test_a_quota_holds_when_deliveries_come_at_once),
};

int main(void)
{
	return suite_run(promises, sizeof promises / sizeof *promises);
}
