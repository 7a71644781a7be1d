/* Deliveries that settle, sessions, retention and neighbours together: whatever
 * happens, in whatever order, the listing is what it would be without the index. */
#include "arrive.h"

#include <stdatomic.h>
#include <sys/inotify.h>
#include <sys/vfs.h>

#include "store/arrivals.h"
#include "store/indexhead.h"
#include "sys/clock.h"

enum { DAY = 86400 };

/* ---- what inotify refuses ---- */

static int watch_error; /* inotify_add_watch fails with this; 0: it does not */

int __real_inotify_add_watch(int fd, const char *path, uint32_t mask);
int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask);
int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	if (watch_error == 0)
		return __real_inotify_add_watch(fd, path, mask);
	errno = watch_error;
	return -1;
}

/* ---- a Maildir, and processes that deliver to it ---- */

static void skip_where_nothing_settles(void)
{
	struct statfs fs;

	assert_true(statfs("/tmp", &fs) == 0);
	if (fs.f_type == 0x794c7630 || fs.f_type == 0x65735546) {
		print_message("/tmp is no file system on which deliveries settle\n");
		skip();
	}
}

static struct store_arrivals *new_process(void)
{
	struct store_arrivals *a = store_arrivals_new();

	assert_true(a != NULL);
	return a;
}

static enum fault deliver_by(const struct box *b, struct store_arrivals *a,
			     struct span text, const struct store_quota *quota)
{
	struct store_opening o = arrival(b);
	OWN_FD fd = message_file(text);
	const struct store_message m = { .fd = fd, .octets = text.len };
	struct store_delivered out;

	o.process.arrivals = a;
	return store_deliver(&o, &m, quota, &out, NULL);
}

static void deliver_one(const struct box *b, struct store_arrivals *a)
{
	CHECK_EQ(deliver_by(b, a, SPAN("a: b\n\nc\n"), &no_quota), FAULT_NONE);
}

/* Settle all that can be settled. */
static void settle_all(struct store_arrivals *a)
{
	uint64_t next;

	while ((next = store_arrivals_settle(a)) != UINT64_MAX) {
		const uint64_t now = clock_ms();

		if (next > now)
			clock_pause((unsigned)(next - now));
	}
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

/* Need the next session not look? */
static bool is_current(const struct box *b)
{
	OWN_FD dir = openat(b->root, "u/Maildir", O_RDONLY | O_DIRECTORY);
	const struct index_head h = head_of(b);
	const struct scan_stamp known[SCAN_DIRS] = {
		{ h.source_1, h.source_2, h.source_3 },
		{ h.source_4, h.source_5, h.source_6 },
	};

	return h.quiescent == INDEX_QUIESCENT && scan_is_known(dir, known);
}

static void just_open(const struct box *b)
{
	store_close(open_box(b));
}

/* Three messages, which the index has. */
static void fill_box(struct box *b)
{
	skip_where_nothing_settles();
	box_open(b);
	b->downgrade = DOWNGRADE_FULL;
	put(b, "new/1000000001.a", SPAN("one\n"));
	put(b, "new/1000000002.b", SPAN("two\n"));
	put(b, "cur/1000000000.c:2,S", SPAN("three\n"));
	settle(b);
	just_open(b);
	CHECK(is_current(b));
}

/* The listing is what it would be without the index. Returns its messages. */
static uint32_t check_right(const struct box *b)
{
	struct box bare = *b, with = *b;

	bare.index = STORE_INDEX_IGNORE;
	bare.rules = with.rules = NULL;
	bare.read_only = with.read_only = true;
	struct maildrop *x = open_box(&with), *y = open_box(&bare);
	const uint32_t count = y->listing.count;
	CHECK_EQ(x->listing.count, count);
	CHECK_EQ(x->listing.octets, y->listing.octets);
	CHECK_EQ(x->listing.ascii_octets, y->listing.ascii_octets);
	for (uint32_t msg = 1; msg <= count; msg++) {
		const struct listing_record a = record(x, msg), c = record(y, msg);

		CHECK(same_record(&a, &c));
		CHECK_EQ(a.surrogate, c.surrogate);
		CHECK_EQ(a.difference, c.difference);
		CHECK_EQ(a.stored, c.stored);
		CHECK_EQ(a.modified, c.modified);
	}
	store_close(x);
	store_close(y);
	return count;
}

/* ---- in any order ---- */

enum { STEPS = 1500, LONGEST = 60 };

struct world {
	struct box box;
	struct store_rules rules;
	struct store_arrivals *process[2];
	uint64_t random;
	unsigned next; /* neighbour's name */
	unsigned settled;
};

static unsigned roll(struct world *w, unsigned sides)
{
	return check_random(&w->random) % sides;
}

/* Some file of a folder: its path in *out. False: the folder is empty. */
static bool pick(struct world *w, const char *folder, char out[320])
{
	char path[32];
	unsigned count = 0;

	snprintf(path, sizeof path, "u/Maildir/%s", folder);
	OWN_FD fd = openat(w->box.root, path, O_RDONLY | O_DIRECTORY);
	DIR *dir = fdopendir(dup(fd));
	assert_true(dir != NULL);
	for (struct dirent *e; (e = readdir(dir));)
		if (e->d_name[0] != '.' && roll(w, ++count) == 0)
			snprintf(out, 320, "%s/%s", folder, e->d_name);
	closedir(dir);
	return count > 0;
}

static struct span make_text(struct world *w, char room[LONGEST])
{
	static const char *const parts[] = { "Subject: \xc3\xb6\n\n", "a\n", ".\n",
					     "\r\n", "x" };
	struct buf text = { .at = room, .room = LONGEST };

	for (unsigned n = roll(w, 4); n > 0; n--)
		buf_text(&text, parts[roll(w, 5)]);
	return (struct span){ room, text.len };
}

static void add(struct world *w)
{
	char name[64], room[LONGEST];
	const char *folder = roll(w, 3) ? "new" : "cur";
	const unsigned seconds = roll(w, 50) ? 1000000000 + roll(w, 100000)
					     : 1900000000;

	snprintf(name, sizeof name, "%s/%u.n%u", folder, seconds, w->next++);
	put(&w->box, name, make_text(w, room));
}

static void remove_file(struct world *w)
{
	char path[320];

	if (pick(w, roll(w, 2) ? "new" : "cur", path))
		drop(&w->box, path);
}

static void move_to_cur(struct world *w)
{
	char from[320], to[340];

	if (!pick(w, "new", from))
		return;
	snprintf(to, sizeof to, "cur/%s:2,S", from + strlen("new/"));
	if (!there(&w->box, to))
		move(&w->box, from, to);
}

/* By another message under the same name. */
static void replace(struct world *w)
{
	char path[320], room[LONGEST];

	if (!pick(w, roll(w, 2) ? "new" : "cur", path))
		return;
	put(&w->box, "other", make_text(w, room));
	move(&w->box, "other", path);
}

/* The folders rest, and a session writes an index that deliveries can settle in. */
static void rest(struct world *w)
{
	w->box.rules = NULL;
	settle(&w->box);
	just_open(&w->box);
}

static void deliver(struct world *w)
{
	static const struct store_quota large = { .octets = 1000000 };
	char room[LONGEST];
	const struct store_quota *quota = roll(w, 2) ? &large : &no_quota;
	struct store_arrivals *process = w->process[roll(w, 8) == 0];

	if (!is_current(&w->box) && roll(w, 3))
		rest(w);
	CHECK_EQ(deliver_by(&w->box, process, make_text(w, room), quota), FAULT_NONE);
}

/* Any later change of new has another time stamp than touch_folder gives, so nobody
 * need wait for the end of a tick. */
static void settle_some(struct world *w)
{
	if (!is_current(&w->box))
		touch_folder(&w->box, "new");
	no_tick_lasts = true;
	settle_all(w->process[roll(w, 8) == 0]);
	no_tick_lasts = false;
	w->settled += is_current(&w->box) &&
		      head_of(&w->box).listed < head_of(&w->box).records;
}

static void session(struct world *w)
{
	uint64_t *marks;
	uint32_t left;

	w->rules.now_ms += roll(w, 3) * UINT64_C(1000) * DAY;
	w->box.rules = roll(w, 2) ? &w->rules : NULL;
	struct maildrop *m = open_box(&w->box);
	marks = calloc(m->listing.count / 64 + 1, sizeof *marks);
	assert_true(marks != NULL);
	for (uint32_t i = 0; i < m->listing.count; i++)
		if (!roll(w, 5))
			marks[i / 64] |= UINT64_C(1) << i % 64;
	if (roll(w, 3))
		CHECK_EQ(store_commit(m, roll(w, 2) ? marks : NULL, NULL, &left, NULL),
			 FAULT_NONE);
	store_close(m);
	free(marks);
}

static void (*const steps[])(struct world *) = {
	deliver, deliver, deliver,     settle_some, settle_some, settle_some, rest,
	rest,    add,     remove_file, move_to_cur, replace,     session,
};

/* Two generations of the process deliver. */
static void test_a_listing_is_the_same_without_what_was_settled(void **state)
{
	static struct world w;
	const time_t now = time(NULL);

	(void)state;
	w = (struct world){ .random = 11 };
	fill_box(&w.box);
	w.rules = (struct store_rules){
		.policy = { 0, 30, POLICY_NEVER },
		.quick_logins = 1,
		.look = STORE_LOOK_NOW,
		.now_ms = (uint64_t)now * 1000,
	};
	synced.skipped = true;
	w.process[0] = new_process();
	w.process[1] = new_process();
	for (int step = 0; step < STEPS; step++) {
		const unsigned what = roll(&w, sizeof steps / sizeof *steps);

		steps[what](&w);
		check_right(&w.box);
	}
	synced.skipped = false;
	CHECK(w.settled > 10);
	store_arrivals_free(w.process[0]);
	store_arrivals_free(w.process[1]);
	box_close(&w.box);
}

/* ---- retention ---- */

static struct store_rules rules_after(unsigned days)
{
	return (struct store_rules){
		.policy = { 0, 30, POLICY_NEVER },
		.quick_logins = 1,
		.look = STORE_LOOK_NOW,
		.now_ms = ((uint64_t)time(NULL) + (uint64_t)days * DAY) * 1000,
	};
}

static uint32_t visit(const struct box *b)
{
	struct maildrop *m = open_box(b);
	const uint32_t count = m->listing.count;

	CHECK_EQ(m->trouble.fault, FAULT_NONE);
	store_close(m);
	return count;
}

/* The old messages go in that session, so it writes the index anew. */
static void test_what_was_settled_stays_for_a_session(void **state)
{
	const struct store_rules rules = rules_after(31);
	struct store_arrivals *a = new_process();
	struct box b;

	(void)state;
	fill_box(&b);
	deliver_one(&b, a);
	settle_all(a);
	CHECK(is_current(&b));
	b.rules = &rules;
	CHECK_EQ(visit(&b), 1);
	CHECK_EQ(visit(&b), 0);
	store_arrivals_free(a);
	box_close(&b);
}

static void copy_name(const struct box *b, char out[LISTING_NAME_OCTETS])
{
	struct maildrop *m = open_box(b);
	const struct listing_record r = record(m, m->listing.count);
	const struct span uid = listing_uid(&r);

	snprintf(out, LISTING_NAME_OCTETS, "new/%.*s", (int)uid.len, uid.at);
	store_close(m);
}

/* Somebody restores a message from a backup after it was removed. */
static void test_what_was_settled_and_comes_back_stays_for_a_session(void **state)
{
	const struct store_rules rules = rules_after(31);
	struct store_arrivals *a = new_process();
	char name[LISTING_NAME_OCTETS];
	struct box b, look;

	(void)state;
	fill_box(&b);
	deliver_one(&b, a);
	settle_all(a);
	CHECK(is_current(&b));
	look = b;
	look.read_only = true;
	copy_name(&look, name);
	b.rules = &rules;
	CHECK_EQ(visit(&b), 1);
	CHECK_EQ(visit(&b), 0);
	put(&b, name, SPAN("restored\n"));
	CHECK_EQ(visit(&b), 1);
	CHECK_EQ(visit(&b), 0);
	store_arrivals_free(a);
	box_close(&b);
}

/* The session that sees both first is one that writes the index. */
static void test_an_index_written_anew_does_not_make_a_message_seen(void **state)
{
	const struct store_rules rules = rules_after(31);
	struct store_arrivals *a = new_process();
	struct box b;

	(void)state;
	fill_box(&b);
	deliver_one(&b, a);
	settle_all(a);
	CHECK(is_current(&b));
	put(&b, "cur/1900000000.z:2,S", SPAN("by hand\n"));
	b.rules = &rules;
	CHECK_EQ(visit(&b), 2);
	CHECK_EQ(visit(&b), 0);
	store_arrivals_free(a);
	box_close(&b);
}

/* ---- two generations ---- */

static void test_two_processes_deliver_before_either_settles(void **state)
{
	(void)state;
	for (unsigned order = 0; order < 8; order++) {
		struct store_arrivals *a[2] = { new_process(), new_process() };
		struct box b;

		fill_box(&b);
		deliver_one(&b, a[order & 1]);
		deliver_one(&b, a[!(order & 1)]);
		if (order & 4)
			deliver_one(&b, a[order & 1]);
		settle_all(a[order >> 1 & 1]);
		CHECK(!is_current(&b));
		check_right(&b);
		settle_all(a[!(order >> 1 & 1)]);
		CHECK(!is_current(&b));
		CHECK_EQ(check_right(&b), order & 4 ? 6 : 5);
		settle(&b);
		just_open(&b);
		deliver_one(&b, a[0]);
		settle_all(a[0]);
		CHECK(is_current(&b));
		deliver_one(&b, a[1]);
		settle_all(a[1]);
		CHECK(is_current(&b));
		check_right(&b);
		store_arrivals_free(a[0]);
		store_arrivals_free(a[1]);
		box_close(&b);
	}
}

/* ---- many threads ---- */

enum { THREADS = 4, DELIVERIES = 60 };

struct crowd {
	struct box common, own[THREADS];
	struct store_arrivals *arrivals;
	atomic_uint next_thread;
	atomic_bool is_over;
};

static void *deliver_many(void *arg)
{
	static const struct store_quota large = { .octets = 1000000 };
	struct crowd *c = arg;
	const unsigned thread = atomic_fetch_add(&c->next_thread, 1);

	for (unsigned i = 0; i < DELIVERIES; i++) {
		const struct box *b = i % 3 ? &c->common : &c->own[thread];

		CHECK_EQ(deliver_by(b, c->arrivals, SPAN("a: b\n\nc\n"),
				    i % 2 ? &large : &no_quota),
			 FAULT_NONE);
	}
	return NULL;
}

static void *settle_meanwhile(void *arg)
{
	struct crowd *c = arg;

	while (!atomic_load(&c->is_over)) {
		store_arrivals_settle(c->arrivals);
		sched_yield();
	}
	return NULL;
}

static void run_threads(struct crowd *c)
{
	pthread_t settler, deliverer[THREADS];

	assert_int_equal(pthread_create(&settler, NULL, settle_meanwhile, c), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&deliverer[i], NULL, deliver_many, c),
				 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(deliverer[i], NULL);
	atomic_store(&c->is_over, true);
	pthread_join(settler, NULL);
}

static void test_threads_deliver_and_settle_at_once(void **state)
{
	static struct crowd c;

	(void)state;
	c = (struct crowd){ .arrivals = new_process() };
	fill_box(&c.common);
	for (int i = 0; i < THREADS; i++)
		fill_box(&c.own[i]);
	run_threads(&c);
	settle_all(c.arrivals);
	CHECK_EQ(check_right(&c.common), 3 + THREADS * (DELIVERIES - DELIVERIES / 3));
	for (int i = 0; i < THREADS; i++) {
		CHECK_EQ(check_right(&c.own[i]), 3 + DELIVERIES / 3);
		settle(&c.own[i]);
		just_open(&c.own[i]);
		deliver_one(&c.own[i], c.arrivals);
		settle_all(c.arrivals);
		CHECK(is_current(&c.own[i]));
		box_close(&c.own[i]);
	}
	store_arrivals_free(c.arrivals);
	box_close(&c.common);
}

static void *settle_for_ever(void *arg)
{
	store_arrivals_run(arg);
	return NULL;
}

/* As a retry some time after the last one may be. The thread goes on until the process
 * ends, and with it what it uses. */
static void test_a_maildir_is_settled_before_one_that_is_due_later(void **state)
{
	struct store_arrivals *a = new_process();
	struct box late, early;
	pthread_t thread;

	(void)state;
	fill_box(&late);
	fill_box(&early);
	passed_s += 7200;
	deliver_one(&late, a);
	passed_s -= 7200;
	const unsigned before = all_waits;
	assert_int_equal(pthread_create(&thread, NULL, settle_for_ever, a), 0);
	while (all_waits == before)
		sched_yield();
	deliver_one(&early, a);
	const uint64_t end_ms = clock_ms() + 120000;
	while (!is_current(&early) && clock_ms() < end_ms)
		sched_yield();
	CHECK(is_current(&early));
	CHECK(!is_current(&late));
	box_close(&late);
	box_close(&early);
}

/* ---- inotify is used up ---- */

static void test_without_a_watch_mail_is_delivered_and_not_settled(void **state)
{
	struct store_arrivals *a = new_process();
	struct box b;

	(void)state;
	fill_box(&b);
	watch_error = ENOSPC;
	deliver_one(&b, a);
	settle_all(a);
	watch_error = 0;
	CHECK(!is_current(&b));
	CHECK_EQ(check_right(&b), 4);
	settle(&b);
	just_open(&b);
	deliver_one(&b, a);
	settle_all(a);
	CHECK(is_current(&b));
	CHECK_EQ(check_right(&b), 5);
	store_arrivals_free(a);
	box_close(&b);
}

static unsigned reports_max(void)
{
	FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
	unsigned max = 0;

	assert_true(f && fscanf(f, "%u", &max) == 1);
	fclose(f);
	return max;
}

/* Reports about one Maildir fill the queue, and a change of another one is lost. */
static void test_after_lost_reports_no_maildir_is_settled(void **state)
{
	struct store_arrivals *a = new_process();
	struct box b, busy;

	(void)state;
	if (reports_max() > 100000)
		skip();
	fill_box(&b);
	fill_box(&busy);
	deliver_one(&b, a);
	deliver_one(&busy, a);
	for (unsigned n = reports_max() / 2 + 1; n > 0; n--) {
		put(&busy, "new/1.flood", SPAN(""));
		drop(&busy, "new/1.flood");
	}
	put(&b, "new/1500000000.hand", SPAN("by hand\n"));
	settle_all(a);
	CHECK(!is_current(&b));
	CHECK_EQ(check_right(&b), 5);
	CHECK_EQ(check_right(&busy), 4);
	store_arrivals_free(a);
	box_close(&b);
	box_close(&busy);
}

/* ---- pinned unique-ids ---- */

static void pin_all(const struct box *b)
{
	const struct store_opening o = arrival(b);
	/* The last one, by its place, has the latest name; one is not there. */
	struct store_pin at[] = {
		{ .key = SPAN("1000000002.b"), .uid = SPAN("B") },
		{ .key = SPAN("gone"), .uid = SPAN("G") },
		{ .key = SPAN("9000000000.z"), .uid = SPAN("Z") },
	};
	struct store_pins pins = { .at = at, .count = 3 };

	CHECK_EQ(store_pin(&o, &pins, NULL), FAULT_NONE);
}

static void test_deliveries_settle_behind_pinned_messages(void **state)
{
	struct box b;

	(void)state;
	fill_box(&b);
	drop(&b, "cur/1000000000.c:2,S");
	drop(&b, "new/1000000001.a");
	put(&b, "cur/9000000000.z:2,S", SPAN("late\n"));
	pin_all(&b);
	settle(&b);
	just_open(&b);
	CHECK(is_current(&b));
	const uint64_t generation = head_of(&b).uids;
	CHECK(generation > 0);

	struct store_arrivals *a = new_process();
	deliver_one(&b, a);
	deliver_one(&b, a);
	settle_all(a);
	CHECK(is_current(&b));
	CHECK_EQ(head_of(&b).messages, 4);
	CHECK_EQ(head_of(&b).uids, generation);
	CHECK_EQ(check_right(&b), 4);

	/* Pinned once more while deliveries are pending: that index is gone. */
	deliver_one(&b, a);
	put(&b, "new/gone", SPAN("is back\n"));
	pin_all(&b);
	drop(&b, "poplar-uids");
	pin_all(&b);
	settle_all(a);
	CHECK(!is_current(&b));
	CHECK_EQ(check_right(&b), 6);
	store_arrivals_free(a);
	box_close(&b);
}

static void test_a_register_that_is_damaged_lets_nothing_settle(void **state)
{
	struct box b;

	(void)state;
	fill_box(&b);
	pin_all(&b);
	settle(&b);
	just_open(&b);
	OWN_FD fd = openat(b.root, "u/Maildir/poplar-uids", O_WRONLY);
	CHECK_EQ(pwrite(fd, "x", 1, 100), 1);
	struct store_arrivals *a = new_process();
	deliver_one(&b, a);
	settle_all(a);
	CHECK(!is_current(&b));
	struct maildrop *m;
	CHECK_EQ(try_open(&b, &m), FAULT_SETUP);
	store_arrivals_free(a);
	box_close(&b);
}

static void test_with_a_format_the_next_session_pins(void **state)
{
	struct uidformat format;
	const char *wrong;
	struct box b;

	(void)state;
	fill_box(&b);
	assert_true(uidformat_parse(SPAN("x%u"), &format, &wrong));
	b.uidl_format = &format;
	settle(&b);
	just_open(&b);
	CHECK(is_current(&b));
	struct store_arrivals *a = new_process();
	deliver_one(&b, a);
	settle_all(a);
	CHECK(!is_current(&b));
	just_open(&b);
	CHECK_EQ(check_right(&b), 4);
	struct maildrop *m = open_box(&b);
	const struct listing_record r = record(m, 4);
	CHECK(span_is(listing_uid(&r), "x1"));
	store_close(m);
	store_arrivals_free(a);
	box_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_listing_is_the_same_without_what_was_settled),
		TEST(test_what_was_settled_stays_for_a_session),
		TEST(test_what_was_settled_and_comes_back_stays_for_a_session),
		TEST(test_an_index_written_anew_does_not_make_a_message_seen),
		TEST(test_two_processes_deliver_before_either_settles),
		TEST(test_threads_deliver_and_settle_at_once),
		TEST(test_a_maildir_is_settled_before_one_that_is_due_later),
		TEST(test_without_a_watch_mail_is_delivered_and_not_settled),
		TEST(test_after_lost_reports_no_maildir_is_settled),
		TEST(test_deliveries_settle_behind_pinned_messages),
		TEST(test_a_register_that_is_damaged_lets_nothing_settle),
		TEST(test_with_a_format_the_next_session_pins),
	};

	if (!store_start())
		return 1;
	return RUN(tests);
}
