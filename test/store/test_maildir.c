/* What a Maildir alone promises, beside the suite that all stores go through. */
#include "box.h"

#include "store/index.h"
#include "store/maildir/scan.h"

static void test_names_tell_order_and_sizes(void **state)
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
	store_close(m);
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
	store_close(m);
	box_close(&b);
}

/* A program that changes a file where it lies leaves them as they were. */
static void test_no_name_lies_about_a_size(void **state)
{
	static const char *const names[] = {
		"new/1.x,S=4,W=6", "new/2.x,S=4,W=7",     "new/3.x,S=4,W=4",
		"new/4.x,S=5,W=9", "new/5.x,S=4,W=999",   "new/6.x,W=3",
		"new/7.x,W=8",     "new/8.x,S=4,W=8,W=6", "new/9.x,S=0,W=0",
	};
	enum { COUNT = sizeof names / sizeof *names };
	struct box b;

	(void)state;
	box_open(&b);
	for (size_t i = 0; i < COUNT; i++)
		put(&b, names[i], SPAN("a\nb\n"));
	struct maildrop *m = open_box(&b);
	CHECK_EQ(m->listing.count, COUNT);
	for (uint32_t msg = 1; msg <= COUNT; msg++)
		CHECK_EQ(record(m, msg).octets, 6);
	store_close(m);
	box_close(&b);
}

/* To read it would take longer than a login may. Once a size that was told has turned
 * out to be untrue, none is believed. */
static void test_a_large_file_has_the_size_that_its_name_tells_until_it_is_doubted(
	void **state)
{
	const uint64_t large = SCAN_LARGE;
	char name[64];
	struct box b;

	(void)state;
	box_open(&b);
	snprintf(name, sizeof name, "cur/1.x,W=%llu:2,", (unsigned long long)large);
	put(&b, name, SPAN("S: a\n\n"));
	stretch(&b, name, large);
	put(&b, "cur/2.x,W=7:2,", SPAN("S: a\n\n"));
	for (int session = 1; session <= 4; session++) {
		struct maildrop *m = open_box(&b);

		CHECK_EQ(record(m, 1).octets, session < 3 ? large : large + 4);
		CHECK_EQ(record(m, 2).octets, 8);
		if (session == 2)
			store_doubt(m);
		store_close(m);
	}
	box_close(&b);
}

static void test_unique_ids_are_of_the_base_name(void **state)
{
	struct box b;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("x"));
	put(&b, "new/2 y", SPAN("y"));
	struct maildrop *m = open_box(&b);
	struct listing_record a1 = record(m, 1), a2 = record(m, 2);
	store_close(m);
	move(&b, "new/1.x", "cur/1.x:2,S");
	move(&b, "new/2 y", "cur/2 y:2,FS");
	m = open_box(&b);
	struct listing_record b1 = record(m, 1), b2 = record(m, 2);
	CHECK(same_record(&a1, &b1));
	CHECK(same_record(&a2, &b2));
	store_close(m);
	box_close(&b);
}

/* Only the file that was listed is removed, not one that has got its name since; and to
 * say that it is gone would be untrue for whoever sees the name again. */
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
	CHECK_EQ(store_commit(m, &mark, NULL, &left, NULL), FAULT_CHANGED);
	CHECK(there(&b, "new/1.x"));
	store_close(m);
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
	CHECK_EQ(store_commit(m, &mark, NULL, &left, NULL), FAULT_NONE);
	CHECK_EQ(left, 1);
	CHECK(!there(&b, "new/1.x") && !there(&b, "cur/1.x:2,S"));
	CHECK(there(&b, "new/2.x") && there(&b, "../kept"));
	store_close(m);
	box_close(&b);
}

/* As a client keeps them between sessions: what lies where, by its octets. */
struct uids {
	uint32_t count;
	struct listing_record of[128]; /* by the one octet of the message */
};

static void take_uids(const struct box *b, struct uids *out)
{
	struct maildrop *m = open_box(b);
	char room[16];

	*out = (struct uids){ .count = m->listing.count };
	for (uint32_t msg = 1; msg <= m->listing.count; msg++) {
		const struct listing_record r = record(m, msg);
		struct listing_record *of =
			&out->of[(int)read_body(m, msg, room, sizeof room).at[0]];

		CHECK_EQ(of->uid_len, 0);
		*of = r;
		for (int c = 0; c < 128; c++)
			CHECK(of == &out->of[c] || out->of[c].uid_len != r.uid_len ||
			      memcmp(out->of[c].uid, r.uid, r.uid_len) != 0);
	}
	store_close(m);
}

static bool same_uid(const struct uids *a, const struct uids *b, char c)
{
	return a->of[(int)c].uid_len > 0 && same_record(&a->of[(int)c], &b->of[(int)c]);
}

static void remove_it(const struct box *b, const struct uids *now, char c)
{
	struct maildrop *m = open_box(b);
	uint64_t marks = 0;
	uint32_t left;

	for (uint32_t msg = 1; msg <= m->listing.count; msg++) {
		const struct listing_record r = record(m, msg);

		if (same_record(&r, &now->of[(int)c]))
			marks |= UINT64_C(1) << (msg - 1);
	}
	CHECK_EQ(store_commit(m, &marks, NULL, &left, NULL), FAULT_NONE);
	CHECK_EQ(left, now->count - 1);
	store_close(m);
}

/* One base name, many files: each has a unique-id that it keeps, whichever of them go
 * and come, and whatever becomes of the index. */
static void test_duplicates_keep_their_unique_ids(void **state)
{
	static struct uids first, now;
	struct box b;

	(void)state;
	for (char gone = 'a'; gone <= 'c'; gone++) {
		box_open(&b);
		put(&b, "new/1.x", SPAN("a"));
		put(&b, "cur/1.x:2,S", SPAN("b"));
		put(&b, "cur/1.x:2,R", SPAN("c"));
		take_uids(&b, &first);
		CHECK_EQ(first.count, 3);
		remove_it(&b, &first, gone);
		put(&b, "new/1.x", SPAN("d"));
		for (int i = 0; i < 4; i++) {
			take_uids(&b, &now);
			CHECK_EQ(now.count, 3);
			for (char c = 'a'; c <= 'c'; c++)
				CHECK(c == gone || same_uid(&first, &now, c));
			CHECK(i == 0 || same_uid(&now, &first, 'd'));
			first.of['d'] = now.of['d'];
			if (i == 1)
				assert_true(unlinkat(b.root, "u/Maildir/" INDEX_FILE,
						     0) == 0);
			b.index = i == 2 ? STORE_INDEX_IGNORE : STORE_INDEX_KEEP;
		}
		box_close(&b);
	}
}

/* Whoever was there first and alone keeps what a client knows it by. */
static void test_the_first_of_duplicates_keeps_its_name(void **state)
{
	static struct uids first, now;
	struct box b;

	(void)state;
	for (int order = 0; order < 2; order++) { /* of the inodes */
		box_open(&b);
		put(&b, order ? "new/1.x" : "later", order ? SPAN("a") : SPAN("b"));
		put(&b, order ? "later" : "new/1.x", order ? SPAN("b") : SPAN("a"));
		put(&b, "new/2.x", SPAN("e"));
		take_uids(&b, &first);
		CHECK_SPAN(listing_uid(&first.of['a']), "1.x");
		move(&b, "later", "cur/1.x:2,FS");
		for (int i = 0; i < 2; i++) {
			take_uids(&b, &now);
			CHECK_EQ(now.count, 3);
			CHECK(same_uid(&first, &now, 'a') &&
			      same_uid(&first, &now, 'e'));
			CHECK(!there(&b, "cur/1.x:2,FS"));
		}
		drop(&b, "new/1.x");
		first = now;
		take_uids(&b, &now);
		CHECK(same_uid(&first, &now, 'b') && same_uid(&first, &now, 'e'));
		box_close(&b);
	}
}

/* Who only reads renames nothing, and sees what the others will see. */
static void test_duplicates_have_their_unique_ids_before_their_names(void **state)
{
	static struct uids first, now;
	struct box b;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("a"));
	put(&b, "cur/1.x:2,S", SPAN("b"));
	b.read_only = true;
	take_uids(&b, &first);
	CHECK(there(&b, "new/1.x") && there(&b, "cur/1.x:2,S"));
	b.read_only = false;
	take_uids(&b, &now);
	CHECK(!there(&b, "new/1.x") && !there(&b, "cur/1.x:2,S"));
	CHECK(same_uid(&first, &now, 'a') && same_uid(&first, &now, 'b'));
	box_close(&b);
}

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
	store_close(m);
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
	put(&b, "new/3.x", SPAN("three"));
	struct maildrop *m = open_box(&b);
	put(&b, "cur/other", SPAN("ONE"));
	move(&b, "cur/other", "new/1.x");
	CHECK_EQ(store_body(m, 1, &body, NULL), FAULT_CHANGED);
	int fd = openat(b.root, "u/Maildir/new/2.x", O_WRONLY | O_APPEND);
	assert_true(write(fd, "more", 4) == 4);
	close(fd);
	CHECK_EQ(store_body(m, 2, &body, NULL), FAULT_CHANGED);
	drop(&b, "new/3.x"); /* nobody will write to what is in its place */
	assert_true(mkfifoat(b.root, "u/Maildir/new/3.x", 0600) == 0);
	CHECK_EQ(store_body(m, 3, &body, NULL), FAULT_CHANGED);
	store_close(m);
	box_close(&b);
}

/* Whatever was written to a message in the session nobody has seen: it stays, and the
 * others go. */
static void test_what_nobody_has_seen_is_not_removed(void **state)
{
	static const struct timespec later[2] = { { 0, UTIME_OMIT }, { 99, 9 } };
	const uint64_t marks = 7;
	uint32_t left;
	struct box b;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("one"));
	put(&b, "new/2.x", SPAN("two"));
	put(&b, "new/3.x", SPAN("three"));
	struct maildrop *m = open_box(&b);
	OWN_FD longer = openat(b.root, "u/Maildir/new/1.x", O_WRONLY | O_APPEND);
	assert_true(write(longer, "!", 1) == 1);
	OWN_FD other = openat(b.root, "u/Maildir/new/2.x", O_WRONLY);
	assert_true(write(other, "TWO", 3) == 3 && futimens(other, later) == 0);
	CHECK_EQ(store_commit(m, &marks, NULL, &left, NULL), FAULT_CHANGED);
	store_close(m);
	CHECK(there(&b, "new/1.x") && there(&b, "new/2.x") && !there(&b, "new/3.x"));
	m = open_box(&b);
	CHECK_EQ(record(m, 1).octets, 6);
	CHECK_EQ(store_commit(m, &(uint64_t){ 3 }, NULL, &left, NULL), FAULT_NONE);
	store_close(m);
	CHECK(!there(&b, "new/1.x") && !there(&b, "new/2.x"));
	box_close(&b);
}

/* What was removed stays removed after a power failure, or QUIT does not say so: the
 * folders that it was removed from have been synced, and no others. */
static void test_a_removal_is_on_the_disk_before_it_is_told(void **state)
{
	static const struct {
		uint64_t marks;
		bool new, cur;
	} table[] = { { 1, true, false }, { 2, false, true }, { 3, true, true } };
	uint32_t left;

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		for (int fails = 0; fails < 2; fails++) {
			struct box b;

			box_open(&b);
			put(&b, "new/1.x", SPAN("x"));
			put(&b, "cur/2.x:2,S", SPAN("x"));
			struct maildrop *m = open_box(&b);
			synced.count = 0;
			synced.fails = fails;
			CHECK_EQ(store_commit(m, &table[i].marks, NULL, &left, NULL),
				 fails ? FAULT_IO : FAULT_NONE);
			synced.fails = false;
			CHECK_EQ(was_synced(&b, "u/Maildir/new"), table[i].new);
			CHECK_EQ(was_synced(&b, "u/Maildir/cur"), table[i].cur);
			store_close(m);
			box_close(&b);
		}
}

/* A program has compressed them where they lie, as the sizes in their names show; the
 * last came so. */
static void test_compressed_files_are_refused(void **state)
{
	struct store_body body;
	struct why why;
	struct box b;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x,S=99", SPAN("\x1f\x8b\x08 rest"));
	put(&b, "new/2.x", SPAN("\x28\xb5\x2f\xfd rest"));
	put(&b, "new/3.x,S=8", SPAN("\x1f\x8b\x08 rest"));
	for (int session = 0; session < 2; session++) {
		settle(&b);
		struct maildrop *m = open_box(&b);
		for (uint32_t msg = 1; msg <= 2; msg++) {
			CHECK_EQ(store_body(m, msg, &body, &why), FAULT_SETUP);
			CHECK(strstr(why.doing, "compressed"));
			CHECK(record(m, msg).flags & STORE_PACKED);
		}
		CHECK_EQ(store_body(m, 3, &body, NULL), FAULT_NONE);
		close(body.fd);
		CHECK(!(record(m, 3).flags & STORE_PACKED));
		store_close(m);
	}
	box_close(&b);
}

static void check_text(const struct box *b, const char *name, const char *want)
{
	char path[64], got[256] = "";

	snprintf(path, sizeof path, "u/Maildir/%s", name);
	OWN_FD fd = openat(b->root, path, O_RDONLY);
	assert_true(fd >= 0 && read(fd, got, sizeof got - 1) >= 0);
	if (strcmp(got, want) != 0)
		fail_msg("%s holds %s", name, got);
}

/* Maildir++: others count by it. What is marked as removed was counted by nobody. */
static void test_a_quota_is_told_what_went(void **state)
{
	const uint64_t marks = 1 | 2 | 4;
	uint32_t left;
	struct box b;

	(void)state;
	box_open(&b);
	put(&b, "maildirsize", SPAN("5000S\n1122 4\n"));
	put(&b, "cur/1.x,S=1009:2,S", SPAN("x\n"));
	put(&b, "new/2.x", SPAN("123456\n"));
	put(&b, "cur/3.x,S=50:2,ST", SPAN("x\n"));
	put(&b, "cur/4.x:2,S", SPAN("x\n"));
	struct maildrop *m = open_box(&b);
	store_close(m);
	check_text(&b, "maildirsize", "5000S\n1122 4\n");
	m = open_box(&b);
	CHECK_EQ(store_commit(m, &marks, NULL, &left, NULL), FAULT_NONE);
	store_close(m);
	check_text(&b, "maildirsize", "5000S\n1122 4\n-1016 -2\n");
	drop(&b, "maildirsize");
	m = open_box(&b);
	CHECK_EQ(store_commit(m, &(uint64_t){ 1 }, NULL, &left, NULL), FAULT_NONE);
	store_close(m);
	CHECK(!there(&b, "maildirsize")); /* whoever keeps a quota makes it */
	box_close(&b);
}

/* Nothing that lies in its place is written to, or waited for. */
static void test_what_is_no_quota_of_the_maildir_is_left_alone(void **state)
{
	(void)state;
	for (int made = 0; made < 4; made++) {
		const char *path = "u/Maildir/maildirsize";
		struct box b;
		uint32_t left;

		box_open(&b);
		put(&b, "new/1.x", SPAN("x\n"));
		put(&b, "victim", SPAN("precious"));
		assert_true((made == 0   ? symlinkat("victim", b.root, path)
			     : made == 1 ? mkfifoat(b.root, path, 0600)
			     : made == 2 ? mkdirat(b.root, path, 0700)
					 : linkat(b.root, "u/Maildir/victim", b.root,
						  path, 0)) == 0);
		struct maildrop *m = open_box(&b);
		CHECK_EQ(store_commit(m, &(uint64_t){ 1 }, NULL, &left, NULL),
			 FAULT_NONE);
		store_close(m);
		check_text(&b, "victim", "precious");
		box_close(&b);
	}
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
		enum fault f = store_commit(m, &marks, NULL, &left, &why);
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
		TEST(test_names_tell_order_and_sizes),
		TEST(test_no_name_can_break_the_listing),
		TEST(test_no_name_lies_about_a_size),
		TEST(test_a_large_file_has_the_size_that_its_name_tells_until_it_is_doubted),
		TEST(test_unique_ids_are_of_the_base_name),
		TEST(test_a_file_put_in_the_place_of_a_message_stays),
		TEST(test_all_names_of_a_message_are_removed),
		TEST(test_duplicates_keep_their_unique_ids),
		TEST(test_the_first_of_duplicates_keeps_its_name),
		TEST(test_duplicates_have_their_unique_ids_before_their_names),
		TEST(test_a_message_that_moved_is_found),
		TEST(test_a_message_that_changed_is_refused),
		TEST(test_what_nobody_has_seen_is_not_removed),
		TEST(test_a_removal_is_on_the_disk_before_it_is_told),
		TEST(test_compressed_files_are_refused),
		TEST(test_a_quota_is_told_what_went),
		TEST(test_what_is_no_quota_of_the_maildir_is_left_alone),
		TEST(test_a_folder_that_may_not_be_written_is_told),
	};

	if (!store_start())
		return 1;
	return RUN(tests);
}
