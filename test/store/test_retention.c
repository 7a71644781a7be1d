/* Promises of the store about policy: how often a user may come, how long mail is kept.
 */
#include "box.h"

enum { DAY = 86400 };
static const uint64_t epoch = 1700000000; /* when a test begins, seconds */

static struct store_rules rules_of(uint32_t delay, uint32_t unread, uint32_t retrieved)
{
	return (struct store_rules){
		.policy = { delay, unread, retrieved },
		.quick_logins = 1,
		.now_ms = epoch * 1000,
	};
}

/* A message that came so many days before the epoch. */
static void put_old(const struct box *b, const char *name, unsigned days)
{
	const struct timespec times[2] = { { 0, UTIME_OMIT },
					   { (time_t)(epoch - days * DAY), 0 } };
	char path[400];

	put(b, name, SPAN("x\n"));
	snprintf(path, sizeof path, "u/Maildir/%s", name);
	assert_true(utimensat(b->root, path, times, 0) == 0);
}

/* Log in, retrieve the messages whose bits are set, log out. Returns how many there
 * were. */
static uint32_t visit(const struct box *b, uint64_t marks, uint64_t retrieved)
{
	struct maildrop *m = open_box(b);
	uint32_t count = m->listing.count, left;

	CHECK_EQ(m->trouble.fault, FAULT_NONE);
	if (marks | retrieved) {
		CHECK_EQ(store_commit(m, marks ? &marks : NULL,
				      retrieved ? &retrieved : NULL, &left, NULL),
			 FAULT_NONE);
		CHECK_EQ(left, count - (uint32_t)__builtin_popcountll(marks));
	}
	store_close(m);
	return count;
}

static void later(struct store_rules *r, unsigned days)
{
	r->now_ms += (uint64_t)days * DAY * 1000;
}

static void test_what_was_not_retrieved_goes_when_its_days_are_over(void **state)
{
	struct store_rules r = rules_of(0, 30, POLICY_NEVER);
	struct box b;

	(void)state;
	box_open(&b);
	b.rules = &r;
	put_old(&b, "new/1.x", 31);
	put_old(&b, "cur/2.x:2,S", 30);
	put_old(&b, "new/3.x", 29);
	put_old(&b, "new/4.x", 0);
	CHECK_EQ(visit(&b, 0, 0), 4);
	struct maildrop *m = open_box(&b);
	CHECK_EQ(m->listing.count, 2);
	CHECK_EQ(m->expired, 2);
	CHECK_EQ(m->expired_octets, 6);
	struct listing_record first = record(m, 1);
	CHECK_SPAN(listing_uid(&first), "3.x");
	store_close(m);
	CHECK(!there(&b, "new/1.x") && !there(&b, "cur/2.x:2,S"));
	CHECK(there(&b, "new/3.x") && there(&b, "new/4.x"));
	later(&r, 1);
	CHECK_EQ(visit(&b, 0, 0), 1);
	later(&r, 28);
	CHECK_EQ(visit(&b, 0, 0), 1);
	later(&r, 1);
	CHECK_EQ(visit(&b, 0, 0), 0);
	box_close(&b);
}

/* Someone who restores a backup, or gets his old mail at last, can see it once. Neither
 * is an index needed for that. */
static void test_no_mail_goes_in_the_first_session_that_sees_it(void **state)
{
	static const enum store_index indexes[] = { STORE_INDEX_KEEP,
						    STORE_INDEX_IGNORE };

	(void)state;
	for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
		struct store_rules r = rules_of(0, 30, POLICY_NEVER);
		struct box b;

		box_open(&b);
		b.index = indexes[i];
		b.rules = &r;
		put_old(&b, "new/1.x", 31);
		CHECK_EQ(visit(&b, 0, 0), 1);
		put_old(&b, "new/2.x", 100);
		CHECK_EQ(visit(&b, 0, 0), 1);
		CHECK(!there(&b, "new/1.x") && there(&b, "new/2.x"));
		CHECK_EQ(visit(&b, 0, 0), 0);
		box_close(&b);
	}
}

/* Another message under the name of an old one is one that nobody has seen. */
static void test_what_took_the_name_of_a_message_stays_for_a_session(void **state)
{
	struct store_rules r = rules_of(0, 30, POLICY_NEVER);
	struct box b;

	(void)state;
	box_open(&b);
	b.rules = &r;
	put_old(&b, "new/1.x", 0);
	put_old(&b, "new/2.x", 0);
	CHECK_EQ(visit(&b, 0, 0), 2);
	later(&r, 31);
	put_old(&b, "new/other", 0);
	move(&b, "new/other", "new/1.x");
	CHECK_EQ(visit(&b, 0, 0), 1);
	CHECK(there(&b, "new/1.x") && !there(&b, "new/2.x"));
	CHECK_EQ(visit(&b, 0, 0), 0);
	box_close(&b);
}

/* A dry run tells of what is due, and removes nothing. */
static void run_dry(struct box *b, struct store_rules *r, uint32_t due)
{
	const enum store_index index = b->index;

	b->read_only = true;
	b->index = index == STORE_INDEX_KEEP ? STORE_INDEX_READ : index;
	r->look = STORE_LOOK_ONLY;
	struct maildrop *m = open_box(b);
	CHECK_EQ(m->expired, due);
	CHECK_EQ(m->trouble.fault, FAULT_NONE);
	store_close(m);
	b->read_only = false;
	b->index = index;
	r->look = STORE_LOOK_DAILY;
}

/* What went is not known of old when it comes again: neither that it was retrieved, nor
 * that a dry run told of it, lets it go at once. */
static void test_mail_that_went_and_is_restored_stays_for_a_session(void **state)
{
	static const enum store_index indexes[] = { STORE_INDEX_KEEP,
						    STORE_INDEX_IGNORE };

	(void)state;
	for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
		struct store_rules r = rules_of(0, 30, 7);
		struct box b;

		box_open(&b);
		b.rules = &r;
		b.index = indexes[i];
		put_old(&b, "new/1.x", 0);
		CHECK_EQ(visit(&b, 0, 1), 1);
		later(&r, 8);
		visit(&b, 0, 0);
		CHECK_EQ(visit(&b, 0, 0), 0);
		put_old(&b, "new/2.x", 31);
		run_dry(&b, &r, 1);
		later(&r, 1);
		CHECK_EQ(visit(&b, 0, 0), 0);
		later(&r, 1);
		put_old(&b, "new/1.x", 0);
		put_old(&b, "new/2.x", 31);
		CHECK_EQ(visit(&b, 0, 0), 2);
		CHECK_EQ(visit(&b, 0, 0), 0);
		box_close(&b);
	}
}

/* What a dry run tells of is what the next session removes. */
/* A dry run makes no ledger where there is none, and writes nothing. */
static void test_a_dry_run_leaves_no_ledger(void **state)
{
	struct store_rules r = rules_of(60, 30, POLICY_NEVER);
	struct box b;

	(void)state;
	box_open(&b);
	b.rules = &r;
	put_old(&b, "new/1.x", 1);
	run_dry(&b, &r, 0);
	CHECK(!there(&b, "poplar-ledger"));
	box_close(&b);
}

static void test_a_dry_run_has_seen_what_it_tells_of(void **state)
{
	struct store_rules r = rules_of(0, 30, POLICY_NEVER);
	struct box b;

	(void)state;
	box_open(&b);
	b.rules = &r;
	put_old(&b, "new/1.x", 31);
	put_old(&b, "new/2.x", 1);
	b.read_only = true;
	b.index = STORE_INDEX_READ;
	r.look = STORE_LOOK_ONLY;
	for (int run = 0; run < 2; run++) {
		struct maildrop *m = open_box(&b);

		CHECK_EQ(m->listing.count, 2);
		CHECK_EQ(m->expired, 1);
		CHECK_EQ(m->expired_octets, 3);
		store_close(m);
	}
	b.read_only = false;
	b.index = STORE_INDEX_KEEP;
	r.look = STORE_LOOK_DAILY;
	CHECK_EQ(visit(&b, 0, 0), 1);
	CHECK(there(&b, "new/2.x"));
	box_close(&b);
}

/* A name tells when a message came, unless it lies in the future; so does the time of
 * modification, which is nothing, or old, where mail was copied. The later one counts.
 */
static void test_mail_is_as_old_as_its_name_or_its_file_whichever_is_later(void **state)
{
	static const struct {
		const char *name;
		unsigned days; /* by the file */
		bool stays;
	} table[] = {
		{ "new/1699999000.M1P1.x", 19675, true }, /* 1970 */
		{ "new/1699999000.M1P2.x", 31, true },
		{ "new/1697408001.M1P3.x", 31, true }, /* 30 days less a second */
		{ "new/1697408000.M1P4.x", 31, false },
		{ "new/1600000000.M1P5.x", 0, true },
		{ "new/1600000000.M1P6.x", 31, false },
		{ "new/1700000001.M1P7.x", 31, false },
		{ "new/9999999999.M1P8.x", 31, false },
		{ "new/9999999999999999999999.x", 31, false },
		{ "new/msg.AbCd", 31, false },
		{ "new/msg.AbCe", 29, true },
	};
	struct store_rules r = rules_of(0, 30, POLICY_NEVER);
	struct box b;

	(void)state;
	box_open(&b);
	b.rules = &r;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		put_old(&b, table[i].name, table[i].days);
	visit(&b, 0, 0);
	visit(&b, 0, 0);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (there(&b, table[i].name) != table[i].stays)
			fail_msg("%s", table[i].name);
	box_close(&b);
}

static void test_a_quota_is_told_what_expired(void **state)
{
	static const char want[] = "100S\n2 1\n-2 -1\n";
	struct store_rules r = rules_of(0, 30, POLICY_NEVER);
	char got[64] = "";
	struct box b;

	(void)state;
	box_open(&b);
	b.rules = &r;
	put(&b, "maildirsize", SPAN("100S\n2 1\n"));
	put_old(&b, "new/1.x", 31);
	visit(&b, 0, 0);
	CHECK_EQ(visit(&b, 0, 0), 0);
	OWN_FD fd = openat(b.root, "u/Maildir/maildirsize", O_RDONLY);
	assert_true(read(fd, got, sizeof got) == sizeof want - 1);
	assert_string_equal(got, want);
	box_close(&b);
}

static void test_what_was_retrieved_has_days_of_its_own(void **state)
{
	struct store_rules r = rules_of(0, POLICY_NEVER, 7);
	struct box b;

	(void)state;
	box_open(&b);
	b.rules = &r;
	put_old(&b, "new/1.x", 1000);
	put_old(&b, "new/2.x", 1000);
	put_old(&b, "new/3.x", 1000);
	CHECK_EQ(visit(&b, 0, 1 | 2), 3);
	later(&r, 3);
	CHECK_EQ(visit(&b, 0, 2 | 4), 3); /* the second again: the first time counts */
	later(&r, 3);
	CHECK_EQ(visit(&b, 0, 0), 3);
	later(&r, 1);
	CHECK_EQ(visit(&b, 0, 0), 1);
	CHECK(there(&b, "new/3.x"));
	later(&r, 3);
	CHECK_EQ(visit(&b, 0, 0), 0);
	box_close(&b);
}

/* Neither counts the message's age for one that was retrieved. */
static void test_retrieved_mail_may_stay_longer(void **state)
{
	struct store_rules r = rules_of(0, 15, 60);
	struct box b;

	(void)state;
	box_open(&b);
	b.rules = &r;
	put_old(&b, "new/1.x", 10);
	put_old(&b, "new/2.x", 10);
	CHECK_EQ(visit(&b, 0, 1), 2);
	later(&r, 6);
	CHECK_EQ(visit(&b, 0, 0), 1);
	CHECK(there(&b, "new/1.x"));
	later(&r, 53);
	CHECK_EQ(visit(&b, 0, 0), 1);
	later(&r, 1);
	CHECK_EQ(visit(&b, 0, 0), 0);
	box_close(&b);
}

/* The index is a cache, the ledger is not: when a message was retrieved is known
 * without the one, and without the other the message stays longer. */
static void test_what_is_lost_keeps_mail(void **state)
{
	static const char rubbish[] =
		"rubbish that is longer than the head of a ledger, which"
		" has 64 octets, and so would hold a record, or half";
	struct store_rules r = rules_of(0, POLICY_NEVER, 7);
	struct box b;

	(void)state;
	box_open(&b);
	b.rules = &r;
	put_old(&b, "new/1.x", 0);
	visit(&b, 0, 1);
	drop(&b, "poplar-index");
	later(&r, 8);
	CHECK_EQ(visit(&b, 0, 0), 1);
	CHECK_EQ(visit(&b, 0, 0), 0);
	put_old(&b, "new/2.x", 0);
	visit(&b, 0, 1);
	drop(&b, "poplar-ledger");
	later(&r, 100);
	CHECK_EQ(visit(&b, 0, 0), 1);
	drop(&b, "poplar-ledger");
	put(&b, "poplar-ledger", span_of(rubbish));
	later(&r, 100);
	CHECK_EQ(visit(&b, 0, 1), 1);
	later(&r, 8);
	CHECK_EQ(visit(&b, 0, 0), 0);
	box_close(&b);
}

/* Every octet of it may be wrong: no message goes before its time. */
static void test_a_damaged_ledger_removes_nothing(void **state)
{
	struct store_rules r = rules_of(0, POLICY_NEVER, 7);
	struct box b;

	(void)state;
	box_open(&b);
	b.rules = &r;
	put_old(&b, "new/1.x", 0);
	visit(&b, 0, 1);
	int fd = openat(b.root, "u/Maildir/poplar-ledger", O_RDWR);
	char whole[160], spoilt[160];
	assert_true(pread(fd, whole, sizeof whole, 0) == sizeof whole);
	for (size_t i = 0; i < sizeof whole; i++) {
		memcpy(spoilt, whole, sizeof whole);
		spoilt[i] = (char)(spoilt[i] ^ 0x5a);
		assert_true(pwrite(fd, spoilt, sizeof spoilt, 0) == sizeof spoilt);
		assert_true(ftruncate(fd, sizeof spoilt) == 0);
		r.now_ms = (epoch + 6 * DAY) * 1000;
		CHECK_EQ(visit(&b, 0, 0), 1);
	}
	for (off_t len = 0; len < (off_t)sizeof whole; len++) {
		assert_true(pwrite(fd, whole, sizeof whole, 0) == sizeof whole);
		assert_true(ftruncate(fd, len) == 0);
		CHECK_EQ(visit(&b, 0, 0), 1);
	}
	close(fd);
	box_close(&b);
}

/* Mail goes only when the ledger has forgotten it: otherwise it would go at once where
 * it is restored. */
static void test_no_mail_goes_while_the_ledger_cannot_be_written(void **state)
{
	struct store_rules r = rules_of(0, 30, POLICY_NEVER);
	struct box b;

	(void)state;
	box_open(&b);
	b.index = STORE_INDEX_IGNORE; /* the ledger knows what was seen */
	b.rules = &r;
	put_old(&b, "new/1.x", 31);
	CHECK_EQ(visit(&b, 0, 0), 1);
	assert_true(mkdirat(b.root, "u/Maildir/poplar-ledger.new", 0700) == 0);
	for (int session = 0; session < 2; session++) {
		struct maildrop *m = open_box(&b);

		CHECK_EQ(m->trouble.fault, FAULT_SETUP);
		CHECK_EQ(m->trouble.sys, EISDIR);
		CHECK_EQ(m->listing.count, 1);
		CHECK_EQ(m->expired, 0);
		store_close(m);
		CHECK(there(&b, "new/1.x"));
	}
	assert_true(unlinkat(b.root, "u/Maildir/poplar-ledger.new", AT_REMOVEDIR) == 0);
	CHECK_EQ(visit(&b, 0, 0), 0);
	box_close(&b);
}

/* Somebody has put something else in its place: it is left alone, and mail stays. */
static void test_what_is_no_ledger_of_ours(void **state)
{
	static const char *const made[] = { "symlink", "fifo", "folder",
					    "second name" };
	struct store_rules r = rules_of(60, 1, 1);

	(void)state;
	for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
		struct maildrop *m = NULL;
		struct box b;
		uint64_t all = 1;
		uint32_t left;

		box_open(&b);
		b.rules = &r;
		put_old(&b, "new/1.x", 100);
		put(&b, "victim", SPAN("precious"));
		const char *path = "u/Maildir/poplar-ledger";
		assert_true((i == 0   ? symlinkat("victim", b.root, path)
			     : i == 1 ? mkfifoat(b.root, path, 0600)
			     : i == 2 ? mkdirat(b.root, path, 0700)
				      : linkat(b.root, "u/Maildir/victim", b.root, path,
					       0)) == 0);
		for (int visits = 0; visits < 2; visits++) {
			CHECK_EQ(try_open(&b, &m), FAULT_NONE);
			CHECK_EQ(m->listing.count, 1);
			CHECK(m->trouble.fault != FAULT_NONE);
			CHECK_EQ(store_commit(m, NULL, &all, &left, NULL), FAULT_NONE);
			store_close(m);
		}
		char text[16];
		int fd = openat(b.root, "u/Maildir/victim", O_RDONLY);
		CHECK_EQ(read(fd, text, sizeof text), 8);
		CHECK(memcmp(text, "precious", 8) == 0);
		close(fd);
		box_close(&b);
	}
}

/* All messages are looked at once a day, not at each login. */
static void test_one_look_a_day(void **state)
{
	struct store_rules r = rules_of(0, 30, 30);
	struct box b;

	(void)state;
	box_open(&b);
	b.rules = &r;
	put_old(&b, "new/1.x", 0);
	CHECK_EQ(visit(&b, 0, 0), 1);
	put_old(&b, "new/2.x", 100); /* old mail that came just now */
	r.now_ms += (DAY - 1) * 1000;
	CHECK_EQ(visit(&b, 0, 0), 2);
	r.now_ms += 1000;
	CHECK_EQ(visit(&b, 0, 0), 1);
	r.now_ms = 1000; /* a clock that went back is no reason not to look */
	put_old(&b, "new/3.x", 100);
	CHECK_EQ(visit(&b, 0, 0), 2);
	later(&r, (unsigned)(epoch / DAY) + 1);
	CHECK_EQ(visit(&b, 0, 0), 1);
	box_close(&b);
}

/* It does not grow with what has gone, and nobody else can read it. Nor does a session
 * leave it open. */
static void test_the_ledger_is_tidied(void **state)
{
	struct store_rules r = rules_of(0, POLICY_NEVER, 7);
	struct stat st;
	struct box b;
	char name[32];

	(void)state;
	box_open(&b);
	b.rules = &r;
	const unsigned before = scratch_descriptors();
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof name, "new/%d.x", 1000 + i);
		put_old(&b, name, 0);
		visit(&b, 0, 1);
		drop(&b, name);
		if (i % 50 == 49)
			later(&r, 1);
	}
	put_old(&b, "new/2000.x", 0);
	visit(&b, 0, 1);
	later(&r, 6);
	CHECK_EQ(visit(&b, 0, 0), 1);
	assert_true(fstatat(b.root, "u/Maildir/poplar-ledger", &st, 0) == 0);
	CHECK(st.st_size < 64 + 96 * 70);
	CHECK_EQ(st.st_mode & 07777, 0600);
	later(&r, 1);
	CHECK_EQ(visit(&b, 0, 0), 0);
	CHECK_EQ(scratch_descriptors(), before);
	box_close(&b);
}

static void test_logins_are_apart(void **state)
{
	struct store_rules r = rules_of(60, POLICY_NEVER, POLICY_NEVER);
	struct maildrop *m = NULL;
	struct box b;

	(void)state;
	box_open(&b);
	b.rules = &r;
	put_old(&b, "new/1.x", 0);
	CHECK_EQ(visit(&b, 0, 0), 1);
	CHECK_EQ(try_open(&b, &m), FAULT_TOO_SOON);
	r.now_ms += 59999;
	CHECK_EQ(try_open(&b, &m), FAULT_TOO_SOON);
	r.now_ms += 1;
	CHECK_EQ(visit(&b, 0, 0), 1);
	r.quick_logins = 3;
	CHECK_EQ(visit(&b, 0, 0), 1);
	CHECK_EQ(visit(&b, 0, 0), 1);
	CHECK_EQ(try_open(&b, &m), FAULT_TOO_SOON);
	r.policy.login_delay = 0;
	CHECK_EQ(visit(&b, 0, 0), 1);
	box_close(&b);
}

/* For those who read the same Maildir by IMAP. */
static void test_what_was_retrieved_is_marked_as_seen(void **state)
{
	struct store_rules r = rules_of(0, POLICY_NEVER, POLICY_NEVER);
	struct box b;

	(void)state;
	box_open(&b);
	b.rules = &r;
	put_old(&b, "new/1.x,S=2,W=3", 0);
	put_old(&b, "cur/2.x:2,FT", 0);
	put_old(&b, "cur/3.x:2,RS", 0);
	put_old(&b, "new/4.x", 0);
	put_old(&b, "new/5.x", 0);
	CHECK_EQ(visit(&b, 0, 1), 5);
	CHECK(there(&b, "new/1.x,S=2,W=3"));
	r.mark_seen = true;
	CHECK_EQ(visit(&b, 16, 1 | 2 | 4 | 16), 5);
	CHECK(there(&b, "cur/1.x,S=2,W=3:2,S"));
	CHECK(there(&b, "cur/2.x:2,FST"));
	CHECK(there(&b, "cur/3.x:2,RS"));
	CHECK(there(&b, "new/4.x"));
	CHECK(!there(&b, "new/5.x") && !there(&b, "cur/5.x:2,S"));
	CHECK_EQ(visit(&b, 0, 0), 4);
	box_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_was_not_retrieved_goes_when_its_days_are_over),
		TEST(test_no_mail_goes_in_the_first_session_that_sees_it),
		TEST(test_what_took_the_name_of_a_message_stays_for_a_session),
		TEST(test_mail_that_went_and_is_restored_stays_for_a_session),
		TEST(test_a_dry_run_leaves_no_ledger),
		TEST(test_a_dry_run_has_seen_what_it_tells_of),
		TEST(test_mail_is_as_old_as_its_name_or_its_file_whichever_is_later),
		TEST(test_a_quota_is_told_what_expired),
		TEST(test_what_was_retrieved_has_days_of_its_own),
		TEST(test_retrieved_mail_may_stay_longer),
		TEST(test_what_is_lost_keeps_mail),
		TEST(test_a_damaged_ledger_removes_nothing),
		TEST(test_no_mail_goes_while_the_ledger_cannot_be_written),
		TEST(test_what_is_no_ledger_of_ours),
		TEST(test_one_look_a_day),
		TEST(test_the_ledger_is_tidied),
		TEST(test_logins_are_apart),
		TEST(test_what_was_retrieved_is_marked_as_seen),
	};

	if (!store_start())
		return EXIT_FAILURE;
	return RUN(tests);
}
