/* Deliveries of this process and the index: that the next session need not look, and
 * that nothing which anybody else does at any moment is hidden or shown wrongly. */
#include "traced.h"

#include <endian.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/vfs.h>

#include "mail/downgrade.h"
#include "store/indexhead.h"
#include "store/maildir/arrivals.h"
#include "sys/clock.h"

#define INDEX "u/Maildir/" INDEX_FILE

enum { LISTED_MAX = 4096 };

struct listed {
	uint32_t count;
	uint64_t octets, ascii_octets;
	struct listing_record at[LISTED_MAX];
};

static void list(const struct box *b, struct listed *out)
{
	struct maildrop *m = open_box(b);

	assert_true(m->listing.count <= LISTED_MAX);
	out->count = m->listing.count;
	out->octets = m->listing.octets;
	out->ascii_octets = m->listing.ascii_octets;
	for (uint32_t msg = 1; msg <= out->count; msg++)
		out->at[msg - 1] = record(m, msg);
	store_close(m);
}

static bool same_listing(const struct listed *a, const struct listed *b)
{
	if (a->count != b->count || a->octets != b->octets ||
	    a->ascii_octets != b->ascii_octets)
		return false;
	for (uint32_t i = 0; i < a->count; i++)
		if (!same_record(&a->at[i], &b->at[i]))
			return false;
	return true;
}

/* The listing is what it would be without the index. Returns its messages. */
static uint32_t check_right(const struct box *b)
{
	static struct listed with, without;
	struct box bare = *b;

	list(b, &with);
	bare.index = STORE_INDEX_IGNORE;
	list(&bare, &without);
	CHECK(same_listing(&with, &without));
	return with.count;
}

static struct index_head head_of(const struct box *b)
{
	OWN_FD dir = openat(b->root, "u/Maildir", O_RDONLY | O_DIRECTORY);
	struct index ix;
	struct why why;

	if (!index_open(&ix, dir, &why))
		return (struct index_head){ 0 };
	const struct index_head head = ix.head;
	index_close(&ix);
	return head;
}

/* Does the index have all of so many messages, so that the next session need not look?
 */
static bool knows(const struct box *b, uint32_t messages)
{
	OWN_FD dir = openat(b->root, "u/Maildir", O_RDONLY | O_DIRECTORY);
	const struct index_head h = head_of(b);
	const struct scan_stamp known[SCAN_DIRS] = {
		{ h.source_1, h.source_2, h.source_3 },
		{ h.source_4, h.source_5, h.source_6 },
	};

	return h.quiescent == INDEX_QUIESCENT && h.messages == messages &&
	       scan_is_known(dir, known);
}

static void just_open(const struct box *b)
{
	struct maildrop *m = open_box(b);

	store_close(m);
}

/* ---- deliveries ---- */

static struct store_arrivals *arrivals;

static struct store_opening opening_of(const struct box *b)
{
	return (struct store_opening){
		.place = { b->kind->id, b->root, b->kind->path },
		.process = { b->locks, b->boot, b->downgrade, arrivals },
	};
}

static void measure_into(struct span text, enum downgrade_way way,
			 struct scan_file *out)
{
	struct downgrade *judge = malloc(sizeof *judge);
	struct wire w;

	assert_true(judge != NULL);
	wire_start(&w);
	wire_count(&w, text);
	wire_end(&w, NULL);
	downgrade_judge_start(judge, way);
	downgrade_judge(judge, text, true);
	out->surrogate = downgrade_verdict(judge, &out->difference);
	out->octets = w.octets;
	out->form = wire_form(&w);
	free(judge);
}

/* Write "other", which becomes the message. */
static struct scan_file write_other(const struct box *b, struct span text)
{
	struct scan_file f = { 0 };
	struct stat st;

	put(b, "other", text);
	assert_true(fstatat(b->root, "u/Maildir/other", &st, 0) == 0);
	f.identity = st.st_ino;
	f.stored = (uint64_t)st.st_size;
	f.modified = scan_ns(st.st_mtim);
	measure_into(text, b->downgrade, &f);
	return f;
}

static struct arrival *begin(const struct box *b, const char *name, struct span text)
{
	OWN_FD dir = openat(b->root, "u/Maildir", O_RDONLY | O_DIRECTORY);
	const struct store_opening o = opening_of(b);
	const struct scan_file f = write_other(b, text);

	return arrivals_begin(&o, dir, name, &f);
}

static void into_new(const struct box *b, const char *name)
{
	char path[300];

	snprintf(path, sizeof path, "new/%s", name);
	move(b, "other", path);
}

static void deliver(const struct box *b, const char *name, const char *text)
{
	struct arrival *r = begin(b, name, span_of(text));

	into_new(b, name);
	arrivals_end(r);
}

static void deliver_number(const struct box *b, int n)
{
	char name[40];

	snprintf(name, sizeof name, "%d.M1P1.h,S=10", 1700000000 + n);
	deliver(b, name, "a message\n");
}

/* Settle all that can be settled. */
static void settle_all(void)
{
	uint64_t next;

	while ((next = store_arrivals_settle(arrivals)) != UINT64_MAX) {
		const uint64_t now = clock_ms();

		if (next > now)
			clock_pause((unsigned)(next - now));
	}
}

/* A Maildir with some mail, all of it in the index. False: on this file system nothing
 * is settled. */
static void fill_box(struct box *b)
{
	box_open(b);
	b->downgrade = DOWNGRADE_FULL;
	put(b, "new/1600000001.M1.h", SPAN("the first\n"));
	put(b, "new/1600000002.M1.h", SPAN("the second\n"));
	put(b, "cur/1600000000.M1.h:2,S", SPAN("an old one\n"));
	settle(b);
	just_open(b);
	arrivals = store_arrivals_new();
	assert_true(arrivals != NULL);
}

static void empty_box(struct box *b)
{
	store_arrivals_free(arrivals);
	arrivals = NULL;
	box_close(b);
}

static void skip_where_nothing_settles(void)
{
	struct statfs fs;

	assert_true(statfs("/tmp", &fs) == 0);
	if (fs.f_type == 0x794c7630 || fs.f_type == 0x65735546) {
		print_message("/tmp is no file system on which deliveries settle\n");
		skip();
	}
}

/* ---- settled ---- */

static unsigned calls_of(const struct box *b, void (*act)(const struct box *))
{
	unsigned calls = 0;
	pid_t pid = traced_start(b, act);

	if (pid < 0)
		skip();
	while (traced_go_on(pid, 1))
		calls++;
	return calls;
}

static void test_a_login_after_a_delivery_costs_what_an_unchanged_one_costs(
	void **state)
{
	struct box b;

	(void)state;
	skip_where_nothing_settles();
	fill_box(&b);
	const unsigned unchanged = calls_of(&b, just_open);
	deliver(&b, "1700000000.M1P1.h,S=19", "Subject: \xc3\xb6\n\nand\n");
	CHECK(!knows(&b, 4));
	settle_all();
	CHECK(knows(&b, 4));
	CHECK_EQ(calls_of(&b, just_open), unchanged);
	CHECK_EQ(check_right(&b), 4);
	put(&b, "new/1700000001.h", SPAN("by hand\n"));
	CHECK(calls_of(&b, just_open) > unchanged);
	empty_box(&b);
}

static void test_a_session_sees_which_records_it_has_not_listed(void **state)
{
	struct box b;

	(void)state;
	skip_where_nothing_settles();
	fill_box(&b);
	CHECK_EQ(head_of(&b).listed, 3);
	deliver_number(&b, 1);
	settle_all();
	CHECK_EQ(head_of(&b).records, 4);
	CHECK_EQ(head_of(&b).listed, 3);
	just_open(&b);
	CHECK_EQ(head_of(&b).listed, 3);
	put(&b, "new/1700000002.h", SPAN("by hand\n"));
	settle(&b);
	just_open(&b);
	CHECK_EQ(head_of(&b).listed, 5);
	empty_box(&b);
}

static void test_several_are_settled_at_once(void **state)
{
	struct box b;

	(void)state;
	skip_where_nothing_settles();
	fill_box(&b);
	for (int n = 0; n < 5; n++)
		deliver_number(&b, n);
	settle_all();
	CHECK(knows(&b, 8));
	for (int n = 5; n < 9; n++)
		deliver_number(&b, n);
	settle_all();
	CHECK(knows(&b, 12));
	CHECK_EQ(check_right(&b), 12);
	empty_box(&b);
}

/* More than are kept in memory: they are appended meanwhile. */
static void test_many_without_a_pause_are_settled(void **state)
{
	struct box b;

	(void)state;
	skip_where_nothing_settles();
	fill_box(&b);
	for (int n = 0; n < 700; n++)
		deliver_number(&b, n);
	CHECK(head_of(&b).messages > 500);
	settle_all();
	CHECK(knows(&b, 703));
	CHECK_EQ(check_right(&b), 703);
	empty_box(&b);
}

static void test_an_empty_maildrop_gets_its_first_message(void **state)
{
	struct box b;

	(void)state;
	skip_where_nothing_settles();
	fill_box(&b);
	drop(&b, "new/1600000001.M1.h");
	drop(&b, "new/1600000002.M1.h");
	drop(&b, "cur/1600000000.M1.h:2,S");
	settle(&b);
	just_open(&b);
	deliver_number(&b, 0);
	settle_all();
	CHECK(knows(&b, 1));
	CHECK_EQ(check_right(&b), 1);
	empty_box(&b);
}

static void test_a_delivery_that_fails_is_forgotten(void **state)
{
	struct box b;

	(void)state;
	skip_where_nothing_settles();
	fill_box(&b);
	struct arrival *r = begin(&b, "1700000000.h", SPAN("x\n"));
	drop(&b, "other");
	CHECK(r != NULL);
	deliver_number(&b, 1);
	arrivals_end(r);
	settle_all();
	CHECK(knows(&b, 4));
	CHECK_EQ(check_right(&b), 4);
	empty_box(&b);
}

/* Its file has appeared, but its end has not come: it is settled as the others. */
static void test_a_delivery_may_end_after_it_is_settled(void **state)
{
	struct box b;

	(void)state;
	skip_where_nothing_settles();
	fill_box(&b);
	struct arrival *r = begin(&b, "1700000000.h", SPAN("x\n"));
	into_new(&b, "1700000000.h");
	deliver_number(&b, 1);
	settle_all();
	CHECK(knows(&b, 5));
	arrivals_end(r);
	settle_all();
	CHECK(knows(&b, 5));
	empty_box(&b);
}

/* Records are in delivery order, so a message waits for those that are to come before
 * it. */
static void test_one_that_comes_before_others_is_awaited(void **state)
{
	struct box b;

	(void)state;
	skip_where_nothing_settles();
	fill_box(&b);
	struct arrival *r = begin(&b, "1700000000.h", SPAN("x\n"));
	move(&b, "other", "kept");
	deliver_number(&b, 1);
	while (store_arrivals_settle(arrivals) <= clock_ms() + 5)
		clock_pause(1);
	CHECK(!knows(&b, 4));
	move(&b, "kept", "new/1700000000.h");
	arrivals_end(r);
	settle_all();
	CHECK(knows(&b, 5));
	CHECK_EQ(check_right(&b), 5);
	empty_box(&b);
}

static void test_one_that_sorts_before_the_last_message_is_not_settled(void **state)
{
	static const char *const names[] = {
		"1600000001.M0.h",    /* earlier */
		"1600000002.M1.g",    /* at the same time, with a lesser name */
		"1600000002.M1.h:2,", /* the same base name: a duplicate */
	};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct box b;

		fill_box(&b);
		const struct index_head before = head_of(&b);
		deliver(&b, names[i], "x\n");
		settle_all();
		CHECK_EQ(head_of(&b).records, before.records);
		CHECK_EQ(check_right(&b), 4);
		empty_box(&b);
	}
}

/* ---- usage ---- */

static void test_usage_counts_what_is_visible(void **state)
{
	struct store_usage u;
	struct box b;

	(void)state;
	skip_where_nothing_settles();
	fill_box(&b);
	const struct index_head h = head_of(&b);
	struct arrival *r = begin(&b, "1700000000.h", SPAN("x\n"));
	CHECK(arrivals_usage(r, &u));
	CHECK_EQ(u.messages, 3);
	CHECK_EQ(u.octets, h.octets);
	into_new(&b, "1700000000.h");
	CHECK(arrivals_usage(r, &u));
	CHECK_EQ(u.messages, 4);
	CHECK_EQ(u.octets, h.octets + 3);
	put(&b, "new/1700000001.h", SPAN("by hand\n"));
	CHECK(!arrivals_usage(r, &u));
	CHECK(!arrivals_usage(r, &u));
	arrivals_end(r);
	r = begin(&b, "1700000002.h", SPAN("x\n"));
	CHECK(!r);
	CHECK(!arrivals_usage(r, &u));
	arrivals_end(r);
	empty_box(&b);
}

static void test_usage_is_not_known_once_cur_has_changed(void **state)
{
	struct store_usage u;
	struct box b;

	(void)state;
	skip_where_nothing_settles();
	fill_box(&b);
	struct arrival *r = begin(&b, "1700000000.h", SPAN("x\n"));
	CHECK(arrivals_usage(r, &u));
	drop(&b, "cur/1600000000.M1.h:2,S");
	CHECK(!arrivals_usage(r, &u));
	arrivals_end(r);
	empty_box(&b);
}

static void deliver_and_ask(const struct box *b)
{
	const struct store_quota quota = { .messages = 1000 };
	const struct store_opening o = opening_of(b);
	const uint64_t before = head_of(b).messages;
	struct store_usage u;

	deliver_number(b, 0);
	if (knows(b, (uint32_t)before + 1) ||
	    store_accepts(&o, &quota, 1, NULL) != FAULT_NONE ||
	    store_usage(&o, &u, NULL) != FAULT_NONE || u.messages != before + 1)
		_exit(1);
}

/* While deliveries are not settled: it reads no folder, so all maildrops cost the same.
 */
static void test_usage_costs_the_same_with_more_mail(void **state)
{
	struct box b;

	(void)state;
	skip_where_nothing_settles();
	fill_box(&b);
	const unsigned few = calls_of(&b, deliver_and_ask);
	empty_box(&b);
	fill_box(&b);
	for (int i = 0; i < 60; i++) {
		char name[40];

		snprintf(name, sizeof name, "new/%d.M1.h", 1600000010 + i);
		put(&b, name, SPAN("x\n"));
	}
	settle(&b);
	just_open(&b);
	CHECK_EQ(calls_of(&b, deliver_and_ask), few);
	empty_box(&b);
}

/* ---- others, between any two calls ---- */

enum { DELIVERED = 1700000000 };
#define NAME     "1700000000.M1P1.h,S=10"
#define NEW_NAME "new/" NAME

static struct scan_file other; /* measured, before the child begins */

static void deliver_and_settle(const struct box *b)
{
	OWN_FD dir = openat(b->root, "u/Maildir", O_RDONLY | O_DIRECTORY);
	const struct store_opening o = opening_of(b);
	struct arrival *r = arrivals_begin(&o, dir, NAME, &other);

	into_new(b, NAME);
	arrivals_end(r);
	settle_all();
}

static void add_one(const struct box *b)
{
	put(b, "new/1650000000.f", SPAN("foreign\n"));
}

static void add_last(const struct box *b)
{
	put(b, "new/1800000000.f", SPAN("foreign\n"));
}

static void add_to_cur(const struct box *b)
{
	put(b, "cur/1800000000.f:2,", SPAN("foreign\n"));
}

static void add_and_remove(const struct box *b)
{
	add_one(b);
	drop(b, "new/1650000000.f");
}

static void remove_old(const struct box *b)
{
	drop(b, "new/1600000001.M1.h");
}

static void move_old(const struct box *b)
{
	move(b, "new/1600000001.M1.h", "cur/1600000001.M1.h:2,S");
}

static void rename_old(const struct box *b)
{
	move(b, "new/1600000001.M1.h", "new/1600000001.M1.h:2,S");
}

static void remove_delivered(const struct box *b)
{
	if (there(b, NEW_NAME))
		drop(b, NEW_NAME);
}

/* By another file of its name: inotify tells of both as one, if nobody has read of the
 * first yet. */
static void replace_delivered(const struct box *b)
{
	if (!there(b, NEW_NAME))
		return;
	put(b, "third", SPAN("another message\n"));
	move(b, "third", NEW_NAME);
}

/* The folder, by another one with the same files. */
static void replace_folder(const struct box *b)
{
	move(b, "new", "newer");
	assert_true(mkdirat(b->root, "u/Maildir/new", 0700) == 0);
	move(b, "newer/1600000001.M1.h", "new/1600000001.M1.h");
}

static void remove_index(const struct box *b)
{
	unlinkat(b->root, INDEX, 0);
}

static void mark_stale(const struct box *b)
{
	OWN_FD dir = openat(b->root, "u/Maildir", O_RDONLY | O_DIRECTORY);

	index_mark_stale(dir);
}

static void doubt(const struct box *b)
{
	OWN_FD dir = openat(b->root, "u/Maildir", O_RDONLY | O_DIRECTORY);

	index_doubt(dir);
}

static void commit_first(const struct box *b)
{
	struct maildrop *m = open_box(b);
	const uint64_t marks = 2;
	uint32_t left;

	assert_int_equal(store_commit(m, &marks, NULL, &left, NULL), FAULT_NONE);
	store_close(m);
}

/* Another process delivers. */
static void deliver_too(const struct box *b)
{
	put(b, "third", SPAN("x\n"));
	move(b, "third", "new/1700000000.M2P2.h");
}

static void renew_index(const struct box *b)
{
	struct box anew = *b;

	anew.index = STORE_INDEX_RENEW;
	just_open(&anew);
}

static void (*const acts[])(const struct box *) = {
	add_one,        add_last,         add_to_cur,
	add_and_remove, remove_old,       move_old,
	rename_old,     remove_delivered, replace_delivered,
	replace_folder, remove_index,     mark_stale,
	doubt,          commit_first,     just_open,
	deliver_too,    renew_index,
};

/* Has each change a stamp of its own, once somebody has asked for the one before it, as
 * with Linux 6.13 and most file systems? Then nobody need wait for the end of a tick.
 */
static void look_at_stamps(const struct box *b)
{
	struct stat st, before = { 0 };
	bool own = true;

	for (int i = 0; i < 50; i++) {
		add_and_remove(b);
		assert_true(fstatat(b->root, "u/Maildir/new", &st, 0) == 0);
		own &= scan_ns(st.st_ctim) != scan_ns(before.st_ctim);
		before = st;
	}
	no_tick_lasts = own;
}

/* Does the delivery meet the neighbour, or its end, at its n-th call? */
static bool meet(void (*act)(const struct box *), int n)
{
	struct box b;

	fill_box(&b);
	other = write_other(&b, SPAN("a message\n"));
	pid_t pid = traced_start(&b, deliver_and_settle);
	const bool met = pid > 0 && traced_go_on(pid, n);
	if (met && act) {
		act(&b);
		while (traced_go_on(pid, 1000))
			;
	} else if (met) {
		kill(pid, SIGKILL);
		assert_true(waitpid(pid, NULL, 0) == pid);
	}
	check_right(&b);
	check_right(&b);
	empty_box(&b);
	return met;
}

static void hurry_if_possible(void)
{
	struct box b;

	fill_box(&b);
	look_at_stamps(&b);
	empty_box(&b);
}

static void test_a_neighbour_between_any_two_calls(void **state)
{
	(void)state;
	hurry_if_possible();
	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
		int n = 1;

		while (n < 500 && meet(acts[i], n))
			n++;
		CHECK(n < 500);
	}
	no_tick_lasts = false;
}

static void test_killed_at_any_call_it_leaves_no_trace(void **state)
{
	int n = 1;

	(void)state;
	hurry_if_possible();
	while (n < 500 && meet(NULL, n))
		n++;
	no_tick_lasts = false;
	CHECK(n < 500);
}

/* A session that writes the index, and deliveries that settle between any two of its
 * calls. */
static bool settle_in_session(int n, void (*before)(const struct box *))
{
	struct box b;

	fill_box(&b);
	before(&b);
	pid_t pid = traced_start(&b, just_open);
	const bool met = pid > 0 && traced_go_on(pid, n);
	if (met) {
		deliver_number(&b, n);
		settle_all();
		while (traced_go_on(pid, 1000))
			;
		check_right(&b);
	}
	empty_box(&b);
	return met;
}

static void leave(const struct box *b)
{
	(void)b;
}

static void test_a_delivery_between_any_two_calls_of_a_session(void **state)
{
	static void (*const before[])(const struct box *) = { leave, add_to_cur,
							      add_last, mark_stale };

	(void)state;
	for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
		int n = 1;

		while (n < 500 && settle_in_session(n, before[i]))
			n++;
		CHECK(n < 500);
	}
}

/* A session that has read the index before a delivery is settled, and writes it
 * afterwards: it sees that the index has another head. */
static bool settle_before_write(int n)
{
	struct box b;

	fill_box(&b);
	deliver_number(&b, 0);
	pid_t pid = traced_start(&b, just_open);
	const bool met = pid > 0 && traced_go_on(pid, n);
	if (met) {
		settle_all();
		while (traced_go_on(pid, 1000))
			;
		CHECK_EQ(check_right(&b), 4);
		deliver_number(&b, 1);
		settle_all();
		CHECK_EQ(check_right(&b), 5);
	}
	empty_box(&b);
	return met;
}

static void test_a_delivery_is_settled_while_a_session_reads(void **state)
{
	int n = 1;

	(void)state;
	while (n < 500 && settle_before_write(n))
		n++;
	CHECK(n < 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_login_after_a_delivery_costs_what_an_unchanged_one_costs),
		TEST(test_a_session_sees_which_records_it_has_not_listed),
		TEST(test_several_are_settled_at_once),
		TEST(test_many_without_a_pause_are_settled),
		TEST(test_an_empty_maildrop_gets_its_first_message),
		TEST(test_a_delivery_that_fails_is_forgotten),
		TEST(test_a_delivery_may_end_after_it_is_settled),
		TEST(test_one_that_comes_before_others_is_awaited),
		TEST(test_one_that_sorts_before_the_last_message_is_not_settled),
		TEST(test_usage_counts_what_is_visible),
		TEST(test_usage_is_not_known_once_cur_has_changed),
		TEST(test_usage_costs_the_same_with_more_mail),
		TEST(test_a_neighbour_between_any_two_calls),
		TEST(test_killed_at_any_call_it_leaves_no_trace),
		TEST(test_a_delivery_between_any_two_calls_of_a_session),
		TEST(test_a_delivery_is_settled_while_a_session_reads),
	};

	if (!store_start())
		return 1;
	return RUN(tests);
}
