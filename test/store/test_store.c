/* The one conformance suite: what every store of maildrops promises. */
#include "box.h"

/* ---- opening and listing ---- */

static void test_messages_come_in_delivery_order_with_exact_sizes(void **state)
{
	struct box b;
	char room[256];

	(void)state;
	box_open(&b);
	put(&b, "new/300.M2P1.h", SPAN("three\n"));
	put(&b, "cur/100.M1P1.h:2,RS", SPAN("one\r\n"));
	put(&b, "new/300.M1P9.h", SPAN("two"));
	put(&b, "cur/200.M9P1.h,S=4,W=6:2,S", SPAN("a\nb\n"));
	put(&b, "new/.hidden", SPAN("not a message"));
	put(&b, "tmp.file", SPAN("not a message"));
	struct maildrop *m = open_box(&b);
	CHECK_EQ(m->listing.count, 4);
	CHECK_EQ(m->listing.octets, 5 + 6 + 5 + 7);
	CHECK_SPAN(read_body(m, 1, room, sizeof room), "one\r\n");
	CHECK_SPAN(read_body(m, 2, room, sizeof room), "a\nb\n");
	CHECK_SPAN(read_body(m, 3, room, sizeof room), "two");
	CHECK_SPAN(read_body(m, 4, room, sizeof room), "three\n");
	struct listing_record r = record(m, 1);
	CHECK_SPAN(listing_uid(&r), "100.M1P1.h");
	CHECK_EQ(r.form, WIRE_FORM_READY);
	r = record(m, 3);
	CHECK_EQ(r.octets, 5);
	CHECK_EQ(r.form, WIRE_FORM_UNKNOWN);
	m->store->close(m);
	box_close(&b);
}

static void test_no_name_can_break_the_listing(void **state)
{
	static const char *const names[] = {
		"new/1",
		"new/a b",
		"new/\xff\xfe",
		"new/1.M.h",
		"cur/x:2,",
		"cur/:2,S",
		"new/%n%s",
		"new/99999999999999999999999.x",
		"new/\n",
		"new/-rf",
		"cur/~",
		"cur/1,S=,W=:2,S",
		"new/"
		"123456789012345678901234567890123456789012345678901234567890123456789"
		"0",
		"new/"
		"1234567890123456789012345678901234567890123456789012345678901234567890"
		"1",
	};
	enum { COUNT = sizeof names / sizeof *names };
	struct listing_record r[COUNT];
	struct box b;

	(void)state;
	box_open(&b);
	for (size_t i = 0; i < COUNT; i++)
		put(&b, names[i], SPAN("x\n"));
	struct maildrop *m = open_box(&b);
	CHECK_EQ(m->listing.count, COUNT);
	for (uint32_t i = 0; i < COUNT; i++) {
		r[i] = record(m, i + 1);
		for (uint32_t k = 0; k < i; k++)
			CHECK(r[i].uid_len != r[k].uid_len ||
			      memcmp(r[i].uid, r[k].uid, r[i].uid_len) != 0);
	}
	m->store->close(m);
	box_close(&b);
}

static void test_an_empty_maildrop_and_a_missing_one(void **state)
{
	struct box b;
	struct maildrop *m;

	(void)state;
	box_open(&b);
	m = open_box(&b); /* a home without a Maildir has got no mail yet */
	CHECK_EQ(m->listing.count, 0);
	CHECK(there(&b, "new") && there(&b, "cur") && there(&b, "tmp"));
	m->store->close(m);
	m = open_box(&b);
	CHECK_EQ(m->listing.count, 0);
	m->store->close(m);
	const struct store_place nowhere = { b.root, "nobody/Maildir", b.locks, false,
					     1,      STORE_INDEX_KEEP, NULL };
	CHECK_EQ(store_maildir.open(&nowhere, &m, NULL), FAULT_SETUP);
	CHECK(faccessat(b.root, "nobody", F_OK, 0) < 0);
	box_close(&b);
}

/* S9 of test_history.py: never through a symbolic link, never out of the root. */
static void test_nothing_leads_out_of_the_root(void **state)
{
	static const char *const paths[] = { "link/Maildir", "../x", "u/../../x",
					     "/etc", "u/link" };
	struct box b;
	struct maildrop *m;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("x"));
	assert_true(symlinkat("u", b.root, "link") == 0);
	assert_true(symlinkat("Maildir", b.root, "u/link") == 0);
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		const struct store_place place = { b.root, paths[i], b.locks,
						   false,  1,        STORE_INDEX_KEEP,
						   NULL };

		CHECK_EQ(store_maildir.open(&place, &m, NULL), FAULT_SETUP);
	}
	assert_true(symlinkat("/etc/passwd", b.root, "u/Maildir/new/2.link") == 0);
	assert_true(mkdirat(b.root, "u/Maildir/new/3.dir", 0700) == 0);
	assert_true(mkfifoat(b.root, "u/Maildir/new/4.fifo", 0600) == 0);
	m = open_box(&b);
	CHECK_EQ(m->listing.count, 1);
	m->store->close(m);
	box_close(&b);
}

static void test_only_true_size_fields_are_used(void **state)
{
	struct box b;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x,S=5,W=9", SPAN("a\nb\n"));   /* S is wrong: measured */
	put(&b, "new/2.x,S=4,W=999", SPAN("a\nb\n")); /* W can't be: measured */
	put(&b, "new/3.x,S=4,W=7", SPAN("a\nb\n"));   /* can be: believed */
	put(&b, "new/4.x,W=3", SPAN("a\nb\n"));       /* too small: measured */
	struct maildrop *m = open_box(&b);
	CHECK_EQ(record(m, 1).octets, 6);
	CHECK_EQ(record(m, 2).octets, 6);
	CHECK_EQ(record(m, 3).octets, 7);
	CHECK_EQ(record(m, 4).octets, 6);
	m->store->close(m);
	box_close(&b);
}

/* The front may have the descriptor, be it of a file or of memory. */
static void test_the_listing_can_not_be_changed(void **state)
{
	struct box b;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("x"));
	for (int kept = 0; kept < 2; kept++, b.index = STORE_INDEX_IGNORE) {
		struct maildrop *m = open_box(&b);

		CHECK(pwrite(m->listing.fd, "x", 1, 0) < 0);
		CHECK(ftruncate(m->listing.fd, 0) < 0);
		CHECK(ftruncate(m->listing.fd, 1 << 20) < 0);
		m->store->close(m);
	}
	box_close(&b);
}

static void test_unique_ids_stay_when_flags_and_folders_change(void **state)
{
	struct box b;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("x"));
	put(&b, "new/2 y", SPAN("y"));
	struct maildrop *m = open_box(&b);
	struct listing_record a1 = record(m, 1), a2 = record(m, 2);
	m->store->close(m);
	move(&b, "new/1.x", "cur/1.x:2,S");
	move(&b, "new/2 y", "cur/2 y:2,FS");
	m = open_box(&b);
	struct listing_record b1 = record(m, 1), b2 = record(m, 2);
	CHECK(same_record(&a1, &b1));
	CHECK(same_record(&a2, &b2));
	m->store->close(m);
	box_close(&b);
}

/* Only the file that was listed is removed, not one that has got its name since. */
static void test_a_file_put_in_the_place_of_a_message_stays(void **state)
{
	const uint64_t mark = 1;
	uint32_t left;
	struct box b;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("listed"));
	struct maildrop *m = open_box(&b);
	put(&b, "other", SPAN("never seen"));
	move(&b, "other", "new/1.x");
	CHECK_EQ(m->store->commit(m, &mark, NULL, &left, NULL), FAULT_NONE);
	CHECK_EQ(left, 0);
	CHECK(there(&b, "new/1.x"));
	m->store->close(m);
	box_close(&b);
}

/* A move by link and unlink was interrupted: one message, which goes as a whole. */
static void test_all_names_of_a_message_are_removed(void **state)
{
	const uint64_t mark = 1;
	uint32_t left;
	struct box b;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("x"));
	put(&b, "new/2.x", SPAN("y"));
	assert_true(linkat(b.root, "u/Maildir/new/1.x", b.root, "u/Maildir/cur/1.x:2,S",
			   0) == 0);
	assert_true(linkat(b.root, "u/Maildir/new/1.x", b.root, "u/kept", 0) == 0);
	struct maildrop *m = open_box(&b);
	CHECK_EQ(m->listing.count, 2);
	CHECK_EQ(m->store->commit(m, &mark, NULL, &left, NULL), FAULT_NONE);
	CHECK_EQ(left, 1);
	CHECK(!there(&b, "new/1.x") && !there(&b, "cur/1.x:2,S"));
	CHECK(there(&b, "new/2.x") && there(&b, "../kept"));
	m->store->close(m);
	box_close(&b);
}

/* One base name, two files: two messages, two unique-ids, both stable. */
static void test_twins_are_told_apart(void **state)
{
	struct box b;
	char room[16];

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("a"));
	put(&b, "cur/1.x:2,S", SPAN("b"));
	put(&b, "cur/1.x:2,R", SPAN("c"));
	struct maildrop *m = open_box(&b);
	CHECK_EQ(m->listing.count, 3);
	struct listing_record r[3] = { record(m, 1), record(m, 2), record(m, 3) };
	for (int i = 0; i < 3; i++)
		for (int k = 0; k < i; k++)
			CHECK(memcmp(r[i].uid, r[k].uid, LISTING_UID_MAX) != 0);
	m->store->close(m);
	m = open_box(&b);
	for (uint32_t i = 0; i < 3; i++) {
		struct listing_record again = record(m, i + 1);

		CHECK_EQ(memcmp(&again, &r[i], sizeof again), 0);
	}
	char second = read_body(m, 2, room, sizeof room).at[0];
	const uint64_t mark = 2;
	uint32_t left;
	CHECK_EQ(m->store->commit(m, &mark, NULL, &left, NULL), FAULT_NONE);
	CHECK_EQ(left, 2);
	CHECK_EQ(there(&b, "new/1.x"), second != 'a');
	CHECK_EQ(there(&b, "cur/1.x:2,S"), second != 'b');
	CHECK_EQ(there(&b, "cur/1.x:2,R"), second != 'c');
	m->store->close(m);
	box_close(&b);
}

/* ---- neighbours ---- */

static void test_a_message_that_moved_is_found(void **state)
{
	struct box b;
	char room[16];

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("one"));
	put(&b, "new/2.x", SPAN("two"));
	struct maildrop *m = open_box(&b);
	move(&b, "new/1.x", "cur/1.x:2,S");
	CHECK_SPAN(read_body(m, 1, room, sizeof room), "one");
	move(&b, "cur/1.x:2,S", "cur/1.x:2,RS");
	CHECK_SPAN(read_body(m, 1, room, sizeof room), "one");
	m->store->close(m);
	box_close(&b);
}

static void test_a_message_that_is_gone_is_refused_alone(void **state)
{
	struct box b;
	struct store_body body;
	char room[16];

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("one"));
	put(&b, "new/2.x", SPAN("two"));
	struct maildrop *m = open_box(&b);
	drop(&b, "new/1.x");
	CHECK_EQ(m->store->body(m, 1, &body, NULL), FAULT_GONE);
	CHECK_EQ(m->store->body(m, 1, &body, NULL), FAULT_GONE);
	CHECK_SPAN(read_body(m, 2, room, sizeof room), "two");
	CHECK_EQ(m->store->body(m, 0, &body, NULL), FAULT_NO_MESSAGE);
	CHECK_EQ(m->store->body(m, 3, &body, NULL), FAULT_NO_MESSAGE);
	CHECK_EQ(m->store->body(m, UINT32_MAX, &body, NULL), FAULT_NO_MESSAGE);
	m->store->close(m);
	box_close(&b);
}

/* Never another message's content: neither a new file under the old name nor a changed
 * size passes for what was listed. */
static void test_a_message_that_changed_is_refused(void **state)
{
	struct box b;
	struct store_body body;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("one"));
	put(&b, "new/2.x", SPAN("two"));
	struct maildrop *m = open_box(&b);
	put(&b, "cur/other", SPAN("ONE"));
	move(&b, "cur/other", "new/1.x");
	CHECK_EQ(m->store->body(m, 1, &body, NULL), FAULT_CHANGED);
	int fd = openat(b.root, "u/Maildir/new/2.x", O_WRONLY | O_APPEND);
	assert_true(write(fd, "more", 4) == 4);
	close(fd);
	CHECK_EQ(m->store->body(m, 2, &body, NULL), FAULT_CHANGED);
	m->store->close(m);
	box_close(&b);
}

/* ---- the lock ---- */

static void test_one_session_for_a_maildrop(void **state)
{
	struct box b;
	struct maildrop *other;
	uint32_t left;

	(void)state;
	box_open(&b);
	struct maildrop *m = open_box(&b);
	CHECK_EQ(try_open(&b, &other), FAULT_BUSY);
	m->store->close(m);
	m = open_box(&b);
	CHECK_EQ(m->store->commit(m, NULL, NULL, &left, NULL), FAULT_NONE);
	other = open_box(&b); /* a commit has released it */
	m->store->close(m);
	other->store->close(other);
	box_close(&b);
}

static void test_the_lock_dies_with_its_process(void **state)
{
	struct box b;
	int ready[2];
	char c;
	struct maildrop *m;

	(void)state;
	box_open(&b);
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
	m->store->close(m);
	close(ready[0]);
	close(ready[1]);
	box_close(&b);
}

static void *close_soon(void *arg)
{
	struct maildrop *m = arg;

	m->store->close(m);
	return NULL;
}

/* A client that comes back at once finds its old session just ending, not [IN-USE]. */
static void test_a_lock_that_is_being_released_is_waited_for(void **state)
{
	struct box b;

	(void)state;
	box_open(&b);
	store_locks_free(b.locks);
	b.locks = store_locks_new(4, 10000);
	for (int i = 0; i < 50; i++) {
		pthread_t thread;
		struct maildrop *m = open_box(&b);

		assert_true(pthread_create(&thread, NULL, close_soon, m) == 0);
		m = open_box(&b);
		m->store->close(m);
		pthread_join(thread, NULL);
	}
	box_close(&b);
}

/* ---- commit ---- */

static void test_commit_removes_exactly_what_is_marked(void **state)
{
	struct box b;
	uint32_t left = 77;
	char name[32];
	uint64_t marks[3] = { 0 };

	(void)state;
	box_open(&b);
	for (int i = 0; i < 130; i++) {
		sprintf(name, i % 2 ? "new/%03d.x" : "cur/%03d.x:2,S", i);
		put(&b, name, SPAN("x"));
		if (i % 3 == 0)
			marks[i / 64] |= UINT64_C(1) << i % 64;
	}
	struct maildrop *m = open_box(&b);
	CHECK_EQ(m->store->commit(m, marks, NULL, &left, NULL), FAULT_NONE);
	CHECK_EQ(left, 130 - 44);
	for (int i = 0; i < 130; i++) {
		sprintf(name, i % 2 ? "new/%03d.x" : "cur/%03d.x:2,S", i);
		CHECK_EQ(there(&b, name), i % 3 != 0);
	}
	m->store->close(m);
	box_close(&b);
}

static void test_without_a_commit_nothing_is_removed(void **state)
{
	struct box b;
	uint32_t left;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("x"));
	struct maildrop *m = open_box(&b);
	m->store->close(m);
	CHECK(there(&b, "new/1.x"));
	m = open_box(&b);
	CHECK_EQ(m->store->commit(m, NULL, NULL, &left, NULL), FAULT_NONE);
	CHECK_EQ(left, 1);
	CHECK(there(&b, "new/1.x"));
	m->store->close(m);
	box_close(&b);
}

/* Marked messages that others moved are found; those that others removed count as
 * removed; what came meanwhile stays. */
static void test_commit_among_neighbours(void **state)
{
	struct box b;
	const uint64_t marks = 7;
	uint32_t left = 77;
	struct store_body body;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("x"));
	put(&b, "new/2.x", SPAN("x"));
	put(&b, "new/3.x", SPAN("x"));
	put(&b, "new/4.x", SPAN("x"));
	struct maildrop *m = open_box(&b);
	drop(&b, "new/1.x");
	CHECK_EQ(m->store->body(m, 1, &body, NULL), FAULT_GONE);
	move(&b, "new/2.x", "cur/2.x:2,S");
	drop(&b, "new/3.x");
	put(&b, "new/5.x", SPAN("x"));
	put(&b, "new/0.x", SPAN("x"));
	CHECK_EQ(m->store->commit(m, &marks, NULL, &left, NULL), FAULT_NONE);
	CHECK_EQ(left, 1);
	CHECK(!there(&b, "cur/2.x:2,S") && there(&b, "new/4.x") &&
	      there(&b, "new/5.x") && there(&b, "new/0.x"));
	m->store->close(m);
	box_close(&b);
}

static void test_a_folder_that_may_not_be_written_is_told(void **state)
{
	struct box b;
	const uint64_t marks = 3;
	uint32_t left = 77;
	pid_t pid;
	int status;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("x"));
	put(&b, "cur/2.x:2,", SPAN("x"));
	chmod(b.path, 0755);
	assert_true(fchmodat(b.root, "u", 0755, 0) == 0);
	assert_true(fchmodat(b.root, "u/Maildir", 0777, 0) == 0);
	assert_true(fchmodat(b.root, "u/Maildir/cur", 0777, 0) == 0);
	assert_true(fchmodat(b.root, "u/Maildir/new", 0555, 0) == 0);
	pid = fork();
	if (pid == 0) { /* root may write anywhere */
		if (geteuid() == 0 && setuid(65534) < 0)
			_exit(9);
		struct maildrop *m;
		struct why why = { 0 };
		if (try_open(&b, &m))
			_exit(8);
		enum fault f = m->store->commit(m, &marks, NULL, &left, &why);
		_exit(f == FAULT_SETUP && why.sys == EACCES ? 0 : 7);
	}
	waitpid(pid, &status, 0);
	/* The unreadable file is listed all the same; the other one has been removed.
	 */
	CHECK_EQ(WEXITSTATUS(status), 0);
	CHECK(there(&b, "new/1.x") && !there(&b, "cur/2.x:2,"));
	box_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_messages_come_in_delivery_order_with_exact_sizes),
		TEST(test_no_name_can_break_the_listing),
		TEST(test_an_empty_maildrop_and_a_missing_one),
		TEST(test_nothing_leads_out_of_the_root),
		TEST(test_only_true_size_fields_are_used),
		TEST(test_the_listing_can_not_be_changed),
		TEST(test_unique_ids_stay_when_flags_and_folders_change),
		TEST(test_a_file_put_in_the_place_of_a_message_stays),
		TEST(test_all_names_of_a_message_are_removed),
		TEST(test_twins_are_told_apart),
		TEST(test_a_message_that_moved_is_found),
		TEST(test_a_message_that_is_gone_is_refused_alone),
		TEST(test_a_message_that_changed_is_refused),
		TEST(test_one_session_for_a_maildrop),
		TEST(test_the_lock_dies_with_its_process),
		TEST(test_a_lock_that_is_being_released_is_waited_for),
		TEST(test_commit_removes_exactly_what_is_marked),
		TEST(test_without_a_commit_nothing_is_removed),
		TEST(test_commit_among_neighbours),
		TEST(test_a_folder_that_may_not_be_written_is_told),
	};

	if (!store_start())
		return 1;
	return RUN(tests);
}
