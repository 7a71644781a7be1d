/* The index of a Maildir: that it spares work, that it never shows, and that nothing
 * that may be found in its place does harm. */
#include "box.h"

#include <endian.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>

#include "store/indexhead.h"
#include "traced.h"

#define INDEX "u/Maildir/" INDEX_FILE

enum { LISTED_MAX = 4096 };

/* What a client sees of a maildrop. */
struct listed {
	uint32_t count;
	uint64_t octets, ascii_octets;
	struct listing_record at[LISTED_MAX];
};

/* False: a record could not be read. */
static bool take_listing(const struct maildrop *m, struct listed *out)
{
	const struct store_listing *l = &m->listing;

	out->count = l->count;
	out->octets = l->octets;
	out->ascii_octets = l->ascii_octets;
	assert_true(l->count <= LISTED_MAX);
	for (uint32_t msg = 1; msg <= l->count; msg++)
		if (!store_record(l, msg, &out->at[msg - 1]))
			return false;
	return true;
}

static void list(const struct box *b, struct listed *out)
{
	struct maildrop *m = open_box(b);

	assert_true(take_listing(m, out));
	store_close(m);
}

/* As it is without any index. */
static void list_anew(const struct box *b, struct listed *out)
{
	struct box bare = *b;

	bare.index = STORE_INDEX_IGNORE;
	list(&bare, out);
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

/* The listing is what it would be without the index. */
static void check_right(const struct box *b)
{
	static struct listed with, without;

	list(b, &with);
	list_anew(b, &without);
	CHECK(same_listing(&with, &without));
}

static struct index read_index(const struct box *b, bool *out_good)
{
	OWN_FD dir = openat(b->root, "u/Maildir", O_RDONLY | O_DIRECTORY);
	struct index ix;
	struct why why;

	*out_good = index_open(&ix, dir, &why);
	return ix;
}

/* The head, the file's inode among it; none: all zero. */
static struct index_head head_of(const struct box *b)
{
	bool good;
	struct index ix = read_index(b, &good);
	struct index_head head = ix.head;

	index_close(&ix);
	return head;
}

static void put_some(const struct box *b, int first, int count)
{
	char name[40], text[40];

	for (int i = first; i < first + count; i++) {
		snprintf(name, sizeof name, "new/%08d.x", i);
		int n = snprintf(text, sizeof text, "%s%*d\n", i % 7 == 3 ? "S: ö" : "",
				 1 + i % 30, i);
		put(b, name, (struct span){ text, (size_t)n });
	}
}

static void drop_some(const struct box *b, int first, int end, int step)
{
	char name[40];

	for (int i = first; i < end; i += step) {
		snprintf(name, sizeof name, "new/%08d.x", i);
		drop(b, name);
	}
}

/* In a process of a user who may not do what root may. */
static void as_nobody(const struct box *b, void (*act)(const struct box *))
{
	char command[128];
	int status;

	if (geteuid() == 0) {
		snprintf(command, sizeof command, "chown -R 65534:65534 %s", b->path);
		assert_int_equal(system(command), 0);
	}
	tell_time(b, UINT64_C(3600000000000));
	pid_t pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
			_exit(9);
		act(b);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Let the head lie: it tells of the folders as they are now. */
static void forge_stamps(const struct box *b)
{
	char page[LISTING_HEAD_OCTETS];
	struct scan_stamp now[SCAN_DIRS];
	OWN_FD dir = openat(b->root, "u/Maildir", O_RDONLY | O_DIRECTORY);
	OWN_FD fd = openat(b->root, INDEX, O_RDWR);

	stamps_of(dir, now);
	assert_true(pread(fd, page, sizeof page, 0) == sizeof page);
	memcpy(page + offsetof(struct index_head, source_1), now, sizeof now);
	const uint64_t sum = htole64(index_head_sum(page));
	memcpy(page + sizeof page - sizeof sum, &sum, sizeof sum);
	assert_true(pwrite(fd, page, sizeof page, 0) == sizeof page);
}

/* ---- unchanged ---- */

/* What the folders' time stamps do not show is not seen: so no folder was read. */
static void test_an_unchanged_maildrop_is_not_looked_through(void **state)
{
	static struct listed before, after;
	struct box b;

	(void)state;
	box_open(&b);
	put_some(&b, 0, 5);
	settle(&b);
	list(&b, &before);
	CHECK_EQ(before.count, 5);
	put_some(&b, 5, 1);
	forge_stamps(&b);
	list(&b, &after);
	CHECK(same_listing(&before, &after));
	settle(&b);
	list(&b, &after);
	CHECK_EQ(after.count, 6);
	check_right(&b);
	box_close(&b);
}

static void list_without_rights(const struct box *b)
{
	static struct listed l;
	struct maildrop *m;

	list(b, &l);
	if (fchmodat(b->root, "u/Maildir/new", 0100, 0) < 0 ||
	    fchmodat(b->root, "u/Maildir/cur", 0100, 0) < 0)
		_exit(8);
	forge_stamps(b);
	list(b, &l);
	if (l.count != 5 || unlinkat(b->root, INDEX, 0) < 0)
		_exit(7);
	_exit(try_open(b, &m) == FAULT_SETUP ? 0 : 5);
}

/* Nor could it have been: nobody may. */
static void test_an_unchanged_maildrop_needs_no_right_to_read_folders(void **state)
{
	struct box b;

	(void)state;
	box_open(&b);
	put_some(&b, 0, 5);
	settle(&b);
	as_nobody(&b, list_without_rights);
	assert_true(fchmodat(b.root, "u/Maildir/new", 0700, 0) == 0);
	assert_true(fchmodat(b.root, "u/Maildir/cur", 0700, 0) == 0);
	box_close(&b);
}

/* A change within the tick of the last one has the same time stamp. A tick lasts 20 ms,
 * and 2 s on a file system that tells whole seconds. */
static void test_a_stamp_is_over_a_tick_after_the_last_change(void **state)
{
	static const uint64_t ms = 1000000, s = 1000000000;
	const struct {
		struct scan_stamp stamp;
		uint64_t now;
		bool over;
	} table[] = {
		{ { 1, 5 * s + 1, 5 * s + 1 }, 5 * s + 1, false },
		{ { 1, 5 * s + 1, 5 * s + 1 }, 5 * s + 20 * ms, false },
		{ { 1, 5 * s + 1, 5 * s + 1 }, 5 * s + 20 * ms + 1, true },
		{ { 1, 5 * s, 5 * s }, 5 * s + 1 * s, false },
		{ { 1, 5 * s, 5 * s }, 5 * s + 2 * s - 1, false },
		{ { 1, 5 * s, 5 * s }, 5 * s + 2 * s, true },
		/* The later of the two counts, by its own fraction. */
		{ { 1, 1 * s, 5 * s + 1 }, 5 * s + 1 * ms, false },
		{ { 1, 1 * s, 5 * s + 1 }, 5 * s + 30 * ms, true },
		{ { 1, 9 * s, 5 * s + 1 }, 8 * s, false },
		{ { 1, 5 * s + 1, 5 * s + 1 }, 0, false },
		{ { 1, UINT64_MAX, 1 }, UINT64_MAX, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (scan_is_over(table[i].stamp, table[i].now) != table[i].over)
			fail_msg("row %zu", i);
}

/* What was read before the tick was over is read again: here the stamps lie. The clock
 * that counts is the one that the stamps are from; that of a file server may be behind
 * ours. */
static void test_only_what_the_clock_of_the_stamps_says_is_over_is_trusted(void **state)
{
	static const struct {
		uint64_t after_ns;
		bool quiescent;
	} table[] = { { 0, false }, { 19000000, false }, { 20000000, true } };
	static struct listed l;

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct box b;

		box_open(&b);
		put_some(&b, 0, 1);
		settle(&b);
		tell_time(&b, table[i].after_ns);
		list(&b, &l);
		CHECK_EQ(head_of(&b).quiescent, table[i].quiescent);
		put_some(&b, 1, 1);
		forge_stamps(&b);
		list(&b, &l);
		CHECK_EQ(l.count, table[i].quiescent ? 1 : 2);
		box_close(&b);
	}
}

/* The stamp of a file that was just written: never behind that of a folder that changed
 * before, nor ahead of one that changes afterwards. */
static void test_the_clock_is_that_of_the_file_system(void **state)
{
	static struct listed l;
	uint64_t now;
	struct stat before, after;
	struct box b;

	(void)state;
	box_open(&b);
	for (int indexed = 0; indexed < 2; indexed++) {
		put_some(&b, indexed, 1);
		OWN_FD dir = openat(b.root, "u/Maildir", O_RDONLY | O_DIRECTORY);
		assert_true(fstatat(dir, "new", &before, 0) == 0);
		CHECK(__real_index_clock(dir, &now));
		put_some(&b, 10 + indexed, 1);
		assert_true(fstatat(dir, "new", &after, 0) == 0);
		CHECK(scan_ns(before.st_ctim) <= now);
		CHECK(now <= scan_ns(after.st_ctim));
		CHECK(!there(&b, INDEX_FILE ".new"));
		CHECK_EQ(there(&b, INDEX_FILE), indexed);
		list(&b, &l);
		check_right(&b);
	}
	box_close(&b);
}

/* As cp -a, rsync and tar leave a folder when they are done. */
static void test_a_restored_backup_hides_no_mail(void **state)
{
	static struct listed l;
	struct stat before;
	struct box b;

	(void)state;
	box_open(&b);
	put_some(&b, 0, 2);
	settle(&b);
	list(&b, &l);
	assert_true(fstatat(b.root, "u/Maildir/new", &before, 0) == 0);
	put_some(&b, 2, 1);
	const struct timespec times[2] = { before.st_atim, before.st_mtim };
	assert_true(utimensat(b.root, "u/Maildir/new", times, 0) == 0);
	list(&b, &l);
	CHECK_EQ(l.count, 3);
	check_right(&b);
	box_close(&b);
}

/* ---- changed ---- */

static void test_new_mail_is_appended(void **state)
{
	struct box b;
	static struct listed l;

	(void)state;
	box_open(&b);
	put_some(&b, 0, 300);
	settle(&b);
	list(&b, &l);
	struct index_head before = head_of(&b);
	put_some(&b, 300, 20);
	settle(&b);
	list(&b, &l);
	struct index_head after = head_of(&b);
	CHECK_EQ(l.count, 320);
	CHECK_EQ(after.file, before.file);
	CHECK_EQ(after.generation, before.generation);
	CHECK_EQ(after.records, 320);
	check_right(&b);
	box_close(&b);
}

static void put_in_cur(const struct box *b, int first, int count)
{
	char from[40], to[40];

	put_some(b, first, count);
	for (int i = first; i < first + count; i++) {
		snprintf(from, sizeof from, "new/%08d.x", i);
		snprintf(to, sizeof to, "cur/%08d.x:2,S", i);
		move(b, from, to);
	}
}

/* How many messages in front of all others will not be looked at when only new changes;
 * what is there then is what is there without an index. */
static uint64_t stable_after(const struct box *b)
{
	settle_folder(b, "new");
	check_right(b);
	return head_of(b).stable;
}

/* Files with names that open so: duplicates have got one of their own. */
static void drop_all(const struct box *b, const char *opening)
{
	char path[300];

	snprintf(path, sizeof path, "u/Maildir/%.3s", opening);
	OWN_FD fd = openat(b->root, path, O_RDONLY | O_DIRECTORY);
	DIR *dir = fdopendir(dup(fd));
	assert_true(dir != NULL);
	for (struct dirent *e; (e = readdir(dir));) {
		snprintf(path, sizeof path, "%.3s/%s", opening, e->d_name);
		if (e->d_name[0] != '.' && strncmp(path, opening, strlen(opening)) == 0)
			drop(b, path);
	}
	closedir(dir);
}

static void test_what_lies_in_cur_is_stable(void **state)
{
	struct box b;

	(void)state;
	box_open(&b);
	put_in_cur(&b, 100, 300);
	settle(&b);
	CHECK_EQ(stable_after(&b), 300);
	put_some(&b, 400, 2);
	CHECK_EQ(stable_after(&b), 300);
	put_some(&b, 402, 1);
	drop(&b, "new/00000400.x");
	CHECK_EQ(stable_after(&b), 300);
	CHECK_EQ(head_of(&b).messages, 302);
	CHECK_EQ(head_of(&b).records, 303);
	put(&b, "new/00000399.x", SPAN("of the name of one that is known"));
	CHECK_EQ(stable_after(&b), 300);
	drop_all(&b, "new/00000399.x,I=");
	CHECK_EQ(stable_after(&b), 300);
	put_some(&b, 50, 1); /* in front of all */
	CHECK_EQ(stable_after(&b), 0);
	drop(&b, "new/00000050.x");
	CHECK_EQ(stable_after(&b), 300);
	move(&b, "cur/00000200.x:2,S", "new/00000200.x");
	settle(&b);
	CHECK_EQ(stable_after(&b), 100);
	box_close(&b);
}

/* Else it would be found that a record is damaged. */
static void test_what_is_stable_is_not_read(void **state)
{
	static struct listed l;
	struct box b;

	(void)state;
	box_open(&b);
	put_in_cur(&b, 0, 300);
	settle(&b);
	list(&b, &l);
	const struct index_head before = head_of(&b);
	OWN_FD fd = openat(b.root, INDEX, O_RDWR);
	assert_true(pwrite(fd, "x", 1, (off_t)listing_at(7)) == 1);
	put_some(&b, 300, 1);
	settle_folder(&b, "new");
	struct maildrop *m = open_box(&b);
	CHECK_EQ(m->trouble.fault, FAULT_NONE);
	CHECK_EQ(m->listing.count, 301);
	CHECK_EQ(m->listing.octets, l.octets + record(m, 301).octets);
	CHECK(!take_listing(m, &l));
	store_close(m);
	CHECK_EQ(head_of(&b).generation, before.generation);
	settle_folder(&b, "cur");
	check_right(&b);
	CHECK(head_of(&b).generation != before.generation);
	box_close(&b);
}

/* What is known is not read again: here it would be found to have another size. */
static void test_only_new_messages_are_measured(void **state)
{
	static struct listed l, again;
	struct box b;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("a\nb\n"));
	settle(&b);
	list(&b, &l);
	CHECK_EQ(l.octets, 6);
	OWN_FD fd = openat(b.root, "u/Maildir/new/1.x", O_RDWR);
	struct stat st;
	assert_true(fstat(fd, &st) == 0 && pwrite(fd, "x", 1, 1) == 1);
	assert_true(futimens(fd, (struct timespec[2]){ st.st_atim, st.st_mtim }) == 0);
	move(&b, "new/1.x", "cur/1.x:2,S");
	put(&b, "new/2.x", SPAN("c\n"));
	settle(&b);
	list(&b, &again);
	CHECK_EQ(again.count, 2);
	CHECK(same_record(&l.at[0], &again.at[0]));
	box_close(&b);
}

/* The sizes of surrogates are kept as long as they are made in the same way; then only
 * what has one is measured again. The other would be found to have another size. */
static void test_sizes_of_surrogates_are_those_of_the_way_they_are_made(void **state)
{
	static const struct {
		enum downgrade_way way;
		enum surrogate surrogate;
		int64_t more;
	} cases[] = {
		{ DOWNGRADE_FULL, SURROGATE_MADE, 16 },
		{ DOWNGRADE_SIMPLE, SURROGATE_MADE, -7 },
		{ DOWNGRADE_REFUSE, SURROGATE_REFUSED, 0 },
		{ DOWNGRADE_FULL, SURROGATE_MADE, 16 },
	};
	static struct listed l;
	char room[16];
	struct box b;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("S: ö\n\nö\n")); /* "S: =?UTF-8?Q?=C3=B6?=" */
	put(&b, "new/2.x", SPAN("a\nb\n"));
	settle(&b);
	list(&b, &l);
	OWN_FD fd = openat(b.root, "u/Maildir/new/2.x", O_RDWR);
	struct stat st;
	assert_true(fstat(fd, &st) == 0 && pwrite(fd, "x", 1, 1) == 1);
	assert_true(futimens(fd, (struct timespec[2]){ st.st_atim, st.st_mtim }) == 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		b.downgrade = cases[i].way;
		list(&b, &l);
		CHECK_EQ(l.at[0].octets, 13);
		CHECK_EQ(l.at[0].surrogate, cases[i].surrogate);
		CHECK_EQ(l.at[0].difference, cases[i].more);
		CHECK_EQ(l.at[1].octets, 6);
		CHECK_EQ(l.at[1].surrogate, SURROGATE_NONE);
		CHECK_EQ(l.octets, 19);
		CHECK_EQ(l.ascii_octets, 19 + cases[i].more);
		CHECK_EQ(head_of(&b).downgrade, cases[i].way);
		struct maildrop *m = open_box(&b);
		CHECK_SPAN(read_body(m, 1, room, sizeof room), "S: ö\n\nö\n");
		store_close(m);
	}
	box_close(&b);
}

/* Maildir gives no name twice, people do; and the file system gives the inode of a
 * removed file to the next. */
static void test_another_file_of_the_same_name_is_measured(void **state)
{
	static struct listed l;
	struct timespec then[2] = { { 0, UTIME_OMIT }, { 5000, 5 } };
	struct box b;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("a\nb\n"));
	assert_true(utimensat(b.root, "u/Maildir/new/1.x", then, 0) == 0);
	settle(&b);
	list(&b, &l);
	CHECK_EQ(l.octets, 6);
	drop(&b, "new/1.x");
	put(&b, "new/1.x", SPAN("fou\n"));
	settle(&b);
	list(&b, &l);
	CHECK_EQ(l.octets, 5);
	drop(&b, "new/1.x");
	put(&b, "new/1.x", SPAN("and five"));
	settle(&b);
	check_right(&b);
	box_close(&b);
}

/* A move by link and unlink that was interrupted leaves two names, either of which may
 * go; in whatever order they came. */
static void test_a_message_with_two_names_is_gone_when_both_are(void **state)
{
	static const char *const name[] = { "new/1.x", "cur/1.x:2,S" };
	struct box b;

	(void)state;
	for (int how = 0; how < 8; how++) {
		const char *first = name[how & 1], *second = name[!(how & 1)];
		const char *goes = name[how >> 1 & 1];
		char from[64], to[64];

		box_open(&b);
		put(&b, first, SPAN("x"));
		settle(&b);
		if (how & 4)
			check_right(&b);
		snprintf(from, sizeof from, "u/Maildir/%s", first);
		snprintf(to, sizeof to, "u/Maildir/%s", second);
		assert_true(linkat(b.root, from, b.root, to, 0) == 0);
		settle_folder(&b, second);
		check_right(&b);
		drop(&b, goes);
		settle_folder(&b, goes);
		check_right(&b);
		CHECK_EQ(head_of(&b).messages, 1);
		box_close(&b);
	}
}

/* Mail from elsewhere may be older than what is there. */
static void test_order_is_kept_when_older_mail_comes(void **state)
{
	struct box b;
	static struct listed l;

	(void)state;
	box_open(&b);
	put_some(&b, 100, 10);
	settle(&b);
	list(&b, &l);
	struct index_head before = head_of(&b);
	put_some(&b, 50, 1);
	settle(&b);
	list(&b, &l);
	CHECK_EQ(l.count, 11);
	CHECK_SPAN(listing_uid(&l.at[0]), "00000050.x");
	CHECK(head_of(&b).file != before.file);
	check_right(&b);
	box_close(&b);
}

static void test_what_is_gone_leaves_gaps(void **state)
{
	struct box b;
	static struct listed l;

	(void)state;
	box_open(&b);
	put_some(&b, 0, 1000);
	settle(&b);
	list(&b, &l);
	struct index_head before = head_of(&b);
	drop_some(&b, 0, 500, 2);
	drop_some(&b, 600, 700, 1);
	settle(&b);
	list(&b, &l);
	struct index_head after = head_of(&b);
	CHECK_EQ(l.count, 650);
	CHECK_EQ(after.file, before.file);
	CHECK_EQ(after.gaps, 251);
	check_right(&b);
	put_some(&b, 1000, 5);
	settle(&b);
	check_right(&b);
	CHECK_EQ(head_of(&b).records, 1005);
	/* More gaps than there is room for: the file is written anew. */
	put_some(&b, 3000, 1000);
	settle(&b);
	check_right(&b);
	drop_some(&b, 3000, 4000, 2);
	settle(&b);
	check_right(&b);
	after = head_of(&b);
	CHECK_EQ(after.gaps, 0);
	CHECK(after.file != before.file);
	CHECK_EQ(after.records, after.messages);
	box_close(&b);
}

/* As a client that fetches and deletes leaves it. */
static void test_an_emptied_maildrop_begins_again(void **state)
{
	struct box b;

	(void)state;
	box_open(&b);
	put_some(&b, 0, 200);
	settle(&b);
	check_right(&b);
	struct index_head before = head_of(&b);
	drop_some(&b, 0, 200, 1);
	settle(&b);
	check_right(&b);
	put_some(&b, 200, 3);
	settle(&b);
	check_right(&b);
	struct index_head after = head_of(&b);
	CHECK_EQ(after.file, before.file);
	CHECK_EQ(after.records, 3);
	CHECK(after.generation > before.generation);
	box_close(&b);
}

/* One more than half of a large file is dead: it is written anew. */
static void test_a_file_that_is_mostly_dead_is_written_anew(void **state)
{
	struct box b;
	static struct listed l;

	(void)state;
	box_open(&b);
	put_some(&b, 0, 1200);
	settle(&b);
	list(&b, &l);
	drop_some(&b, 0, 1112, 1);
	settle(&b);
	list(&b, &l);
	CHECK_EQ(head_of(&b).records, 1200);
	drop_some(&b, 1112, 1113, 1);
	settle(&b);
	list(&b, &l);
	CHECK_EQ(head_of(&b).records, 87);
	check_right(&b);
	box_close(&b);
}

/* A session goes on with the file that it opened, whatever comes in its place. */
static void test_a_session_keeps_its_generation(void **state)
{
	static struct listed before, after;
	struct box b;
	char room[64];

	(void)state;
	box_open(&b);
	put_some(&b, 10, 5);
	struct maildrop *m = open_box(&b);
	CHECK(take_listing(m, &before));
	assert_true(unlinkat(b.root, INDEX, 0) == 0);
	int fd = openat(b.root, INDEX, O_CREAT | O_WRONLY, 0600);
	close(fd);
	put_some(&b, 0, 1);
	CHECK(take_listing(m, &after));
	CHECK(same_listing(&before, &after));
	CHECK_EQ(read_body(m, 5, room, sizeof room).len, before.at[4].octets - 1);
	store_close(m);
	check_right(&b);
	box_close(&b);
}

/* ---- equal to none ---- */

struct world {
	struct box box;
	unsigned seed;
	int next, delivered;
	char names[300][300];
	int count;
	bool cur_rests; /* only new changes */
	bool pins;      /* somebody pins unique-ids now and then */
};

static unsigned roll(struct world *w, unsigned sides)
{
	return (unsigned)rand_r(&w->seed) % sides;
}

static void deliver(struct world *w)
{
	char text[64], *name = w->names[w->count];
	size_t len = roll(w, 60);

	if (w->count == 300)
		return;
	/* Some come out of order, or have a name that another has or had. */
	int at = roll(w, 10) ? w->next++ : (int)roll(w, (unsigned)w->next + 1);
	snprintf(name, sizeof w->names[0], "%s/%d.M%u.h%s",
		 w->cur_rests || roll(w, 2) ? "new" : "cur", 1000 + at, roll(w, 2),
		 roll(w, 4) ? "" : " odd");
	if (there(&w->box, name))
		return;
	for (size_t i = 0; i < len; i++)
		text[i] = "a.\r\n"[roll(w, 4)];
	put(&w->box, name, (struct span){ text, len });
	w->count++;
	/* Kept, so that the file system does not give its inode to another: Maildir
	 * gives no name twice. */
	char from[320], kept[32];
	snprintf(from, sizeof from, "u/Maildir/%s", name);
	snprintf(kept, sizeof kept, "u/kept/%d", w->delivered++);
	assert_true(linkat(w->box.root, from, w->box.root, kept, 0) == 0);
}

static void rename_one(struct world *w)
{
	int i = (int)roll(w, (unsigned)w->count + 1);
	char to[320];

	if (i == w->count || w->cur_rests)
		return;
	struct span base = span_of(w->names[i] + 4), head;
	span_cut(&base, ':', &head);
	snprintf(to, sizeof to, "%s/%.*s:2,%s", roll(w, 4) ? "cur" : "new",
		 (int)head.len, head.at, roll(w, 2) ? "S" : "RS");
	if (there(&w->box, to))
		return;
	move(&w->box, w->names[i], to);
	strcpy(w->names[i], to);
}

/* Files that shared a base name have got others. */
static void look_around(struct world *w)
{
	static const char *const folders[] = { "new", "cur" };
	char path[40];

	w->count = 0;
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "u/Maildir/%s", folders[i]);
		OWN_FD fd = openat(w->box.root, path, O_RDONLY | O_DIRECTORY);
		DIR *dir = fdopendir(dup(fd));

		assert_true(dir != NULL);
		for (struct dirent *e; (e = readdir(dir));)
			if (e->d_name[0] != '.')
				snprintf(w->names[w->count++], sizeof w->names[0],
					 "%s/%s", folders[i], e->d_name);
		closedir(dir);
	}
}

static void forget(struct world *w, int i)
{
	memmove(w->names[i], w->names[i + 1],
		sizeof w->names[0] * (size_t)(--w->count - i));
}

static void remove_one_file(struct world *w)
{
	int i = (int)roll(w, (unsigned)w->count + 1);

	if (i == w->count || (w->cur_rests && w->names[i][0] == 'c'))
		return;
	drop(&w->box, w->names[i]);
	forget(w, i);
}

static void session(struct world *w)
{
	struct maildrop *m = open_box(&w->box);
	uint64_t marks[5] = { 0 };
	uint32_t left, marked = 0;

	for (uint32_t i = 0; i < m->listing.count; i++) {
		if (w->cur_rests || roll(w, 5))
			continue;
		marks[i / 64] |= UINT64_C(1) << i % 64;
		marked++;
	}
	uint32_t count = m->listing.count;
	CHECK_EQ(store_commit(m, marks, NULL, &left, NULL), FAULT_NONE);
	CHECK_EQ(left, count - marked);
	store_close(m);
}

/* Pin some messages, and some that are not there, with few unique-ids. */
static void pin_some(struct world *w)
{
	const struct store_opening opening = {
		.place = { w->box.kind->id, w->box.root, w->box.kind->path },
		.process = { .locks = w->box.locks, .boot = w->box.boot },
	};
	struct store_pin at[10] = { 0 };
	struct store_pins pins = { .at = at, .replaces = roll(w, 2) };
	char keys[10][40], uids[10][40];
	const int first = (int)roll(w, (unsigned)w->next + 1);

	for (int i = 0; i < 10; i++) {
		if (roll(w, 2))
			continue;
		snprintf(keys[i], sizeof keys[i], "%d.M%u.h", 1000 + first + i,
			 roll(w, 2));
		snprintf(uids[i], sizeof uids[i], roll(w, 3) ? "%u" : "%u.M0.h",
			 1000 + roll(w, (unsigned)w->next + 20));
		at[pins.count].key = span_of(keys[i]);
		at[pins.count++].uid = span_of(roll(w, 5) ? uids[i] : "");
	}
	CHECK_EQ(store_pin(&opening, &pins, NULL), FAULT_NONE);
}

/* No two messages have one unique-id. */
static void check_distinct(const struct box *b)
{
	static struct listed l;

	list(b, &l);
	for (uint32_t i = 0; i < l.count; i++)
		for (uint32_t k = 0; k < i; k++)
			CHECK(l.at[i].uid_len != l.at[k].uid_len ||
			      memcmp(l.at[i].uid, l.at[k].uid, l.at[i].uid_len) != 0);
}

/* Whatever happens, in whatever order, whether or not the stamps tell that it is over:
 * order, sizes and unique-ids are those of a listing without an index. */
static void test_a_listing_is_the_same_without_its_index(void **state)
{
	static struct world w;
	struct uidformat number;
	const char *wrong;

	(void)state;
	assert_true(uidformat_parse(SPAN("courier"), &number, &wrong));
	for (unsigned seed = 1; seed <= 60; seed++) {
		w = (struct world){ .seed = seed, .pins = seed % 3 == 1 };
		box_open(&w.box);
		assert_true(mkdirat(w.box.root, "u/kept", 0700) == 0);
		put(&w.box, "new/0.x", SPAN("x"));
		strcpy(w.names[w.count++], "new/0.x");
		for (int step = 0; step < 60; step++) {
			w.cur_rests = roll(&w, 2);
			for (unsigned n = roll(&w, 12); n > 0; n--) {
				unsigned what = roll(&w, 10);

				if (what < 5)
					deliver(&w);
				else if (what < 8)
					rename_one(&w);
				else
					remove_one_file(&w);
			}
			if (roll(&w, 3)) {
				settle_folder(&w.box, "new");
				if (!w.cur_rests)
					settle_folder(&w.box, "cur");
			}
			if (!roll(&w, 4))
				session(&w);
			if (!roll(&w, 20))
				w.box.boot++;
			if (w.pins && !roll(&w, 8))
				pin_some(&w);
			if (seed % 3 == 2 && !roll(&w, 8))
				w.box.uidl_format = w.box.uidl_format ? NULL : &number;
			check_right(&w.box);
			if (step % 8 == 0)
				check_distinct(&w.box);
			look_around(&w);
		}
		box_close(&w.box);
	}
}

/* ---- what may be found in its place ---- */

/* Some messages, two of them removed, and a quiescent index of them. */
static void small_box(struct box *b)
{
	static struct listed l;

	box_open(b);
	put_some(b, 0, 6);
	put(b, "cur/00000003.x:2,S", SPAN("duplicate\n"));
	settle(b);
	list(b, &l);
	drop_some(b, 1, 3, 1);
	settle(b);
	list(b, &l);
	assert_int_equal(head_of(b).gaps, 1);
}

/* A session over an index that may be damaged: what it shows is right, or refused; and
 * where it was refused, the next one is right. */
static void check_harmless(const struct box *b)
{
	static struct listed with, without;
	struct maildrop *m = open_box(b);
	bool whole = take_listing(m, &with);
	struct store_body body;

	for (uint32_t msg = 1; msg <= m->listing.count; msg++) {
		enum fault f = store_body(m, msg, &body, NULL);

		if (f == FAULT_NONE)
			close(body.fd);
		CHECK(f == FAULT_NONE || f == FAULT_IO);
	}
	if (!whole)
		store_doubt(m);
	store_close(m);
	list_anew(b, &without);
	CHECK(!whole || same_listing(&with, &without));
	check_right(b);
}

/* An index as it lies on the disk. */
struct copy {
	ssize_t len;
	char octets[1 << 17];
};

static void copy_index(const struct box *b, struct copy *out)
{
	OWN_FD fd = openat(b->root, INDEX, O_RDONLY);

	out->len = pread(fd, out->octets, sizeof out->octets, 0);
	assert_true(out->len > 0 && out->len < (ssize_t)sizeof out->octets);
}

/* Put it back, and make it believe that it is no copy. */
static void forge_index(const struct box *b, const struct copy *copy)
{
	char page[LISTING_HEAD_OCTETS];
	struct stat st;

	unlinkat(b->root, INDEX, 0);
	OWN_FD fd = openat(b->root, INDEX, O_RDWR | O_CREAT | O_EXCL, 0600);
	assert_true(pwrite(fd, copy->octets, (size_t)copy->len, 0) == copy->len);
	assert_true(fstat(fd, &st) == 0 &&
		    pread(fd, page, sizeof page, 0) == sizeof page);
	uint64_t file = htole64(st.st_ino);
	memcpy(page + offsetof(struct index_head, file), &file, sizeof file);
	uint64_t sum = htole64(index_head_sum(page));
	memcpy(page + sizeof page - sizeof sum, &sum, sizeof sum);
	assert_true(pwrite(fd, page, sizeof page, 0) == sizeof page);
}

/* Every octet that says something, changed in several ways. */
static void test_no_damaged_octet_shows(void **state)
{
	static const unsigned char flips[] = { 0x01, 0x80, 0xff };
	static struct copy copy;
	struct box b;

	(void)state;
	small_box(&b);
	copy_index(&b, &copy);
	for (ssize_t i = 0; i < copy.len; i++) {
		for (size_t k = 0; k < sizeof flips; k++) {
			char octet = (char)(copy.octets[i] ^ flips[k]);

			if (i > 300 && (!copy.octets[i] || k > 0))
				continue; /* behind the head once, where there is
					     something */
			forge_index(&b, &copy);
			OWN_FD fd = openat(b.root, INDEX, O_RDWR);
			assert_true(pwrite(fd, &octet, 1, i) == 1);
			check_harmless(&b);
		}
	}
	box_close(&b);
}

/* A sum that is right does not make the head right. Whoever forges one sees nothing but
 * his own mail, or nothing. */
static void test_no_forged_head_does_harm(void **state)
{
	static const uint64_t values[] = {
		0,          1,         2,          3,      7, 480, 481, UINT32_MAX - 1,
		UINT32_MAX, INT64_MAX, UINT64_MAX, 1 << 20
	};
	static struct copy good, forged;
	struct box b;

	(void)state;
	small_box(&b);
	copy_index(&b, &good);
	for (size_t word = 0; word < sizeof(struct index_head) / 8 + 3; word++) {
		for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
			uint64_t value = htole64(values[k]);
			struct store_body body;
			uint32_t left;

			forged = good;
			memcpy(forged.octets + word * 8, &value, sizeof value);
			forge_index(&b, &forged);
			struct maildrop *m = open_box(&b);
			for (uint32_t msg = 1; msg <= m->listing.count; msg++)
				if (!store_body(m, msg, &body, NULL))
					close(body.fd);
			CHECK_EQ(store_commit(m, NULL, NULL, &left, NULL), FAULT_NONE);
			store_close(m);
		}
	}
	box_close(&b);
}

/* Numbers that cannot be true together, each beside the one that just can. */
static void test_a_head_that_cannot_be_true_is_refused(void **state)
{
#define AT(field) offsetof(struct index_head, field)
	static const struct {
		size_t at;
		uint64_t good, bad;
	} table[] = {
		{ AT(stable), 5, 6 },
		{ AT(messages), 5, 8 },
		{ AT(messages), 5, 4 },
		{ AT(records), 7, 8 },
		{ AT(records), 7, 1 << 27 },
		{ AT(gaps), 1, LISTING_GAPS_MAX + 1 },
		{ AT(version), INDEX_VERSION, INDEX_VERSION - 1 },
	};
#undef AT
	static struct copy good, forged;
	struct box b;

	(void)state;
	small_box(&b);
	copy_index(&b, &good);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		for (int bad = 0; bad < 2; bad++) {
			const uint64_t value =
				htole64(bad ? table[i].bad : table[i].good);
			bool taken;

			forged = good;
			memcpy(forged.octets + table[i].at, &value, sizeof value);
			forge_index(&b, &forged);
			struct index ix = read_index(&b, &taken);
			if (taken == bad)
				fail_msg("row %zu", i);
			index_close(&ix);
		}
	box_close(&b);
}

/* Whoever can make a link to it could let us write into a file of his. */
/* The log says why, and blames no call of the system for what the file holds. */
static void test_why_an_index_is_not_used_is_told(void **state)
{
	struct index ix;
	struct why why;
	struct box b;

	(void)state;
	small_box(&b);
	OWN_FD dir = openat(b.root, "u/Maildir", O_RDONLY | O_DIRECTORY);
	assert_true(linkat(b.root, INDEX, b.root, "u/other", 0) == 0);
	errno = 0;
	CHECK(!index_open(&ix, dir, &why));
	CHECK_EQ(why.fault, FAULT_SETUP);
	CHECK_EQ(why.sys, EPERM);
	CHECK_TEXT(why.what, INDEX_FILE);
	assert_true(unlinkat(b.root, "u/other", 0) == 0);
	stretch(&b, INDEX_FILE, 10);
	CHECK(!index_open(&ix, dir, &why));
	CHECK_EQ(why.fault, FAULT_CORRUPT);
	CHECK_EQ(why.sys, 0);
	CHECK_TEXT(why.doing, "is cut");
	index_forget(dir);
	CHECK(!index_open(&ix, dir, &why));
	CHECK_EQ(why.fault, FAULT_NONE);
	box_close(&b);
}

static void test_an_index_with_a_second_name_is_neither_read_nor_written(void **state)
{
	static struct copy before, after;
	struct box b;
	bool good;

	(void)state;
	small_box(&b);
	copy_index(&b, &before);
	assert_true(linkat(b.root, INDEX, b.root, "u/other", 0) == 0);
	struct index ix = read_index(&b, &good);
	CHECK(!good);
	index_close(&ix);
	put_some(&b, 20, 1);
	check_right(&b);
	assert_true(renameat(b.root, "u/other", b.root, INDEX) == 0);
	copy_index(&b, &after);
	CHECK_EQ(after.len, before.len);
	CHECK(memcmp(after.octets, before.octets, (size_t)before.len) == 0);
	box_close(&b);
}

static void test_an_index_that_was_cut_is_made_anew(void **state)
{
	static struct copy copy;
	struct box b;

	(void)state;
	small_box(&b);
	copy_index(&b, &copy);
	for (off_t len = 0; len < copy.len; len += len < 4200 ? 97 : 1201) {
		forge_index(&b, &copy);
		OWN_FD fd = openat(b.root, INDEX, O_RDWR);
		assert_true(ftruncate(fd, len) == 0);
		check_right(&b);
		CHECK(head_of(&b).messages == 5);
	}
	box_close(&b);
}

/* It is cut, or written over, while it is read. */
static void test_an_index_that_is_spoilt_in_a_session_is_doubted(void **state)
{
	static struct listed l;
	struct store_body body;
	struct box b;
	char rubbish[8192];

	(void)state;
	memset(rubbish, 'x', sizeof rubbish);
	for (int how = 0; how < 2; how++) {
		small_box(&b);
		struct maildrop *m = open_box(&b);
		OWN_FD fd = openat(b.root, INDEX, O_RDWR);
		assert_true(how ? pwrite(fd, rubbish, sizeof rubbish, 0) ==
					    sizeof rubbish
				: ftruncate(fd, 0) == 0);
		CHECK(!take_listing(m, &l));
		CHECK_EQ(store_body(m, 1, &body, NULL), FAULT_IO);
		store_close(m);
		CHECK(!there(&b, INDEX_FILE));
		check_right(&b);
		CHECK(there(&b, INDEX_FILE));
		box_close(&b);
	}
}

/* Marked messages whose records are damaged stay, and the client is told. */
static void test_nothing_is_removed_by_a_damaged_record(void **state)
{
	const uint64_t marks = 3;
	uint32_t left = 77;
	struct box b;

	(void)state;
	small_box(&b);
	struct maildrop *m = open_box(&b);
	OWN_FD fd = openat(b.root, INDEX, O_RDWR);
	assert_true(pwrite(fd, "new", 3, (off_t)listing_at(0)) == 3);
	CHECK_EQ(store_commit(m, &marks, NULL, &left, NULL), FAULT_IO);
	store_close(m);
	CHECK(there(&b, "new/00000000.x") && left == 77);
	check_right(&b);
	box_close(&b);
}

static void copy_file(const struct box *b)
{
	static struct copy copy;

	copy_index(b, &copy);
	unlinkat(b->root, INDEX, 0);
	OWN_FD fd = openat(b->root, INDEX, O_RDWR | O_CREAT | O_EXCL, 0600);
	assert_true(write(fd, copy.octets, (size_t)copy.len) == copy.len);
}

static void make_rubbish(const struct box *b)
{
	OWN_FD fd = openat(b->root, INDEX, O_WRONLY);

	for (int i = 0; i < 5000; i++)
		assert_true(write(fd, "rubbish ", 8) == 8);
}

static void make_symlink(const struct box *b)
{
	renameat(b->root, INDEX, b->root, "u/real");
	assert_true(symlinkat("../real", b->root, INDEX) == 0);
}

static void make_hard_link(const struct box *b)
{
	assert_true(linkat(b->root, INDEX, b->root, "u/other", 0) == 0);
}

static void make_fifo(const struct box *b)
{
	unlinkat(b->root, INDEX, 0);
	assert_true(mkfifoat(b->root, INDEX, 0600) == 0);
}

static void make_directory(const struct box *b)
{
	unlinkat(b->root, INDEX, 0);
	assert_true(mkdirat(b->root, INDEX, 0700) == 0);
}

static void make_full_directory(const struct box *b)
{
	make_directory(b);
	assert_true(mkdirat(b->root, INDEX "/x", 0700) == 0);
}

static void spoil_temporary(const struct box *b)
{
	unlinkat(b->root, INDEX, 0);
	assert_true(mkdirat(b->root, INDEX ".new", 0700) == 0);
}

static void leave_temporary(const struct box *b)
{
	unlinkat(b->root, INDEX, 0);
	assert_true(symlinkat("/etc/passwd", b->root, INDEX ".new") == 0);
}

static void forbid_reading(const struct box *b)
{
	assert_true(fchmodat(b->root, INDEX, 0, 0) == 0);
}

/* Nothing there is followed, waited for or believed; what can be replaced, is. */
static void test_whatever_lies_in_its_place(void **state)
{
	static const struct {
		void (*spoil)(const struct box *);
		bool kept; /* there is a good index afterwards */
	} table[] = {
		{ copy_file, true },
		{ make_rubbish, true },
		{ make_symlink, true },
		{ make_hard_link, true },
		{ make_fifo, true },
		{ make_directory, false },
		{ make_full_directory, false },
		{ spoil_temporary, false },
		{ leave_temporary, true },
		{ forbid_reading, true },
	};
	struct stat st;
	bool good;

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct box b;

		small_box(&b);
		table[i].spoil(&b);
		check_right(&b);
		check_right(&b);
		struct index ix = read_index(&b, &good);
		if (good != table[i].kept)
			fail_msg("row %zu", i);
		index_close(&ix);
		if (!there(&b, "../real"))
			;
		else if (fstatat(b.root, "u/real", &st, 0) == 0)
			CHECK_EQ(st.st_nlink, 1);
		box_close(&b);
	}
}

/* Records outlive a crash of the machine one by one, each with a sum of its own. What
 * the head says of the folders does not: here it lies. */
static void test_after_a_crash_of_the_machine_nothing_is_believed_unseen(void **state)
{
	static struct listed l;
	struct box b;

	(void)state;
	small_box(&b);
	put_some(&b, 9, 1);
	forge_stamps(&b);
	list(&b, &l);
	CHECK_EQ(l.count, 5);
	b.boot++;
	list(&b, &l);
	CHECK_EQ(l.count, 6);
	check_right(&b);
	CHECK_EQ(head_of(&b).boot, b.boot);
	/* ... and a record that never reached the disk. */
	static const char zeros[LISTING_RECORD_OCTETS];
	OWN_FD fd = openat(b.root, INDEX, O_RDWR);
	assert_true(pwrite(fd, zeros, sizeof zeros, (off_t)listing_at(0)) ==
		    sizeof zeros);
	b.boot++;
	check_right(&b);
	box_close(&b);
}

/* ---- killed ---- */

static void just_open(const struct box *b)
{
	struct maildrop *m = open_box(b);

	store_close(m);
}

/* One comes, the one before it is moved, the one before that goes. */
static void put_and_move(const struct box *b, int at, int before, int long_before)
{
	char name[40], to[40];

	put_some(b, at, 1);
	snprintf(name, sizeof name, "new/%08d.x", before);
	snprintf(to, sizeof to, "cur/%08d.x:2,S", before);
	if (there(b, name))
		move(b, name, to);
	snprintf(name, sizeof name, "cur/%08d.x:2,S", long_before);
	if (there(b, name))
		drop(b, name);
}

static void append(const struct box *b, int n)
{
	put_and_move(b, 100000 + n, 100000 + n - 1, 100000 + n - 2);
}

static void insert(const struct box *b, int n)
{
	put_and_move(b, 90000 - n, 90000 - n + 1, 90000 - n + 2);
}

static void empty_and_fill(const struct box *b, int n)
{
	static struct listed l;
	char path[100];

	list_anew(b, &l);
	for (uint32_t i = 0; i < l.count; i++) {
		snprintf(path, sizeof path, "new/%.*s", l.at[i].uid_len, l.at[i].uid);
		drop(b, path);
	}
	put_some(b, 100 * n, 3);
}

/* Another of a name that is there, which will be renamed. */
static void append_duplicate(const struct box *b, int n)
{
	char name[40];

	drop_all(b, "cur/");
	snprintf(name, sizeof name, "cur/%08d.x:2,S", 95000 + n % 20);
	put(b, name, SPAN("a duplicate\n"));
}

/* Whatever was being written: the next session sees what it would without an index, and
 * leaves a good one. */
static void test_killed_at_any_call_it_leaves_no_trace(void **state)
{
	static void (*const change[])(const struct box *, int) = { append, insert,
								   empty_and_fill,
								   append_duplicate };

	(void)state;
	for (size_t i = 0; i < sizeof change / sizeof *change; i++) {
		struct box b;
		int n = 0;

		box_open(&b);
		put_some(&b, 95000, 20);
		just_open(&b);
		do {
			change[i](&b, ++n);
			settle(&b);
		} while (run_until_call(&b, just_open, n) &&
			 (check_right(&b), n < 500));
		CHECK(n < 500);
		check_right(&b);
		settle(&b);
		check_right(&b);
		CHECK_EQ(head_of(&b).quiescent, 1);
		box_close(&b);
	}
}

static void commit_half(const struct box *b)
{
	struct maildrop *m = open_box(b);
	const uint64_t marks = 0x5555;
	uint32_t left;

	if (m->listing.count != 16 ||
	    store_commit(m, &marks, NULL, &left, NULL) != FAULT_NONE || left != 8)
		_exit(1);
}

/* A commit that is cut off has removed marked messages or none, and the next session
 * says which. */
static void test_a_commit_killed_at_any_call_removes_nothing_unmarked(void **state)
{
	struct box b;
	bool on = true;

	(void)state;
	for (int n = 1; on && n < 500; n++) {
		char name[40];
		uint32_t left = 0;

		box_open(&b);
		put_some(&b, 0, 16);
		settle(&b);
		just_open(&b);
		on = run_until_call(&b, commit_half, n);
		for (int i = 0; i < 16; i++) {
			snprintf(name, sizeof name, "new/%08d.x", i);
			CHECK(i % 2 == 0 || there(&b, name));
			left += there(&b, name);
		}
		CHECK(on || left == 8 || n == 1);
		static struct listed l;
		list(&b, &l);
		CHECK_EQ(l.count, left);
		check_right(&b);
		box_close(&b);
	}
	CHECK(!on);
}

/* ---- where it cannot be kept ---- */

/* Sessions that only read may be many at a time: none of them writes. */
static void test_a_session_that_only_reads_writes_no_index(void **state)
{
	static struct listed l;
	struct box b;

	(void)state;
	box_open(&b);
	put_some(&b, 0, 3);
	b.read_only = true;
	struct maildrop *m = open_box(&b);
	list(&b, &l);
	CHECK_EQ(l.count, 3);
	store_close(m);
	CHECK(!there(&b, INDEX_FILE));
	b.read_only = false;
	settle(&b);
	list(&b, &l);
	b.read_only = true;
	m = open_box(&b);
	CHECK_EQ(m->listing.count, 3);
	struct stat st, of_file;
	assert_true(fstat(m->listing.fd, &st) == 0 &&
		    fstatat(b.root, INDEX, &of_file, 0) == 0);
	CHECK_EQ(st.st_ino, of_file.st_ino);
	store_close(m);
	box_close(&b);
}

static void list_read_only(const struct box *b)
{
	static struct listed l;
	struct maildrop *m;

	if (fchmodat(b->root, "u/Maildir", 0500, 0) < 0 || try_open(b, &m))
		_exit(1);
	bool whole = take_listing(m, &l);
	_exit(whole && l.count == 6 && m->trouble.fault == FAULT_SETUP &&
			      m->trouble.sys == EACCES
		      ? 0
		      : 2);
}

static void test_a_maildir_that_may_not_be_written_is_served(void **state)
{
	struct box b;

	(void)state;
	box_open(&b);
	put_some(&b, 0, 6);
	as_nobody(&b, list_read_only);
	assert_true(fchmodat(b.root, "u/Maildir", 0700, 0) == 0);
	CHECK(!there(&b, INDEX_FILE));
	box_close(&b);
}

/* As a full disk, at every octet: the file may grow so far and no further. */
static void list_with_room(const struct box *b)
{
	static struct listed with, without;
	struct rlimit limit = { 0, RLIM_INFINITY };

	signal(SIGXFSZ, SIG_IGN);
	list_anew(b, &without);
	for (rlim_t room = 0; room < 80000; room += room < 4096 ? 512 : 7000) {
		struct maildrop *m;

		limit.rlim_cur = room;
		setrlimit(RLIMIT_FSIZE, &limit);
		/* What is in memory has the limit too, and no longer then. */
		enum fault f = try_open(b, &m);
		limit.rlim_cur = RLIM_INFINITY;
		setrlimit(RLIMIT_FSIZE, &limit);
		if (f == FAULT_NONE) {
			if (!take_listing(m, &with) || !same_listing(&with, &without))
				_exit(3);
			store_close(m);
		} else if (f != FAULT_IO) {
			_exit(4);
		}
		if (faccessat(b->root, INDEX ".new", F_OK, 0) == 0)
			_exit(6);
		list(b, &with);
		if (!same_listing(&with, &without))
			_exit(5);
		if (room % 1024 == 0)
			unlinkat(b->root, INDEX, 0);
		put_some(b, 1000 + (int)(room / 512), 1);
		settle(b);
		list_anew(b, &without);
	}
}

static void test_a_full_disk_costs_the_index_alone(void **state)
{
	struct box b;

	(void)state;
	box_open(&b);
	put_some(&b, 0, 140);
	settle(&b);
	as_nobody(&b, list_with_room);
	box_close(&b);
}

/* ---- what a folder does not show ---- */

/* A file that was changed where it lies is refused once, since its sizes were told. */
static void test_a_message_that_changed_is_right_in_the_next_session(void **state)
{
	static struct listed l;
	struct store_body body;
	struct box b;

	(void)state;
	small_box(&b);
	list(&b, &l);
	int fd = openat(b.root, "u/Maildir/new/00000000.x", O_WRONLY | O_APPEND);
	assert_true(write(fd, "more\n", 5) == 5);
	close(fd);
	struct maildrop *m = open_box(&b);
	CHECK_EQ(store_body(m, 1, &body, NULL), FAULT_CHANGED);
	store_close(m);
	check_right(&b);
	/* One line end more: as large on the disk, not on the wire. */
	fd = openat(b.root, "u/Maildir/new/00000000.x", O_WRONLY);
	assert_true(pwrite(fd, "\n", 1, 0) == 1);
	close(fd);
	forge_stamps(&b);
	m = open_box(&b);
	CHECK_EQ(store_body(m, 1, &body, NULL), FAULT_CHANGED);
	store_close(m);
	check_right(&b);
	box_close(&b);
}

/* ... and sent where no size that was told is wrong. */
static void test_a_message_that_changed_within_its_sizes_is_sent(void **state)
{
	static struct listed l;
	struct store_body body;
	struct box b;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("a\r\nb\r\n"));
	settle(&b);
	list(&b, &l);
	CHECK_EQ(l.at[0].form, WIRE_FORM_READY);
	OWN_FD fd = openat(b.root, "u/Maildir/new/1.x", O_WRONLY);
	assert_true(pwrite(fd, ".", 1, 0) == 1);
	struct maildrop *m = open_box(&b);
	CHECK_EQ(store_body(m, 1, &body, NULL), FAULT_NONE);
	CHECK_EQ(body.form, WIRE_FORM_UNKNOWN);
	close(body.fd);
	store_close(m);
	check_right(&b);
	box_close(&b);
}

/* Two ways to find out that the head is wrong, which it then no longer is believed; the
 * records are. */
static void find_by_reading(struct maildrop *m)
{
	struct store_body body;

	CHECK_EQ(store_body(m, 4, &body, NULL), FAULT_GONE);
	store_close(m);
}

static void find_by_removing(struct maildrop *m)
{
	const uint64_t marks = 8;
	uint32_t left;

	CHECK_EQ(store_commit(m, &marks, NULL, &left, NULL), FAULT_NONE);
	store_close(m);
}

static void test_a_message_that_is_gone_makes_the_next_session_look(void **state)
{
	static void (*const find[])(struct maildrop *) = { find_by_reading,
							   find_by_removing };
	static struct listed l;

	(void)state;
	for (size_t i = 0; i < sizeof find / sizeof *find; i++) {
		struct box b;

		small_box(&b);
		list(&b, &l);
		const struct index_head before = head_of(&b);
		drop(&b, "new/00000004.x");
		forge_stamps(&b);
		struct maildrop *m = open_box(&b);
		CHECK_EQ(m->listing.count, 5);
		find[i](m);
		CHECK_EQ(head_of(&b).generation, before.generation);
		check_right(&b);
		CHECK_EQ(head_of(&b).messages, 4);
		CHECK_EQ(head_of(&b).generation, before.generation);
		box_close(&b);
	}
}

static void list_unread(const struct box *b)
{
	static struct listed l;

	if (fchmodat(b->root, "u/Maildir/new/00000000.x", 0, 0) < 0)
		_exit(1);
	list(b, &l);
	struct maildrop *m = open_box(b);
	struct store_body body;
	if (store_body(m, 1, &body, NULL) != FAULT_SETUP)
		_exit(2);
	store_close(m);
	if (fchmodat(b->root, "u/Maildir/new/00000000.x", 0600, 0) < 0)
		_exit(3);
	m = open_box(b);
	if (store_body(m, 1, &body, NULL) || body.octets != 3)
		_exit(4);
	store_close(m);
	list(b, &l);
	_exit(head_of(b).quiescent ? 0 : 5);
}

/* To make a file readable changes no folder. */
static void test_a_message_that_could_not_be_read_is_tried_again(void **state)
{
	struct box b;

	(void)state;
	box_open(&b);
	put_some(&b, 0, 3);
	settle(&b);
	as_nobody(&b, list_unread);
	box_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_unchanged_maildrop_is_not_looked_through),
		TEST(test_an_unchanged_maildrop_needs_no_right_to_read_folders),
		TEST(test_a_stamp_is_over_a_tick_after_the_last_change),
		TEST(test_only_what_the_clock_of_the_stamps_says_is_over_is_trusted),
		TEST(test_the_clock_is_that_of_the_file_system),
		TEST(test_a_restored_backup_hides_no_mail),
		TEST(test_new_mail_is_appended),
		TEST(test_what_lies_in_cur_is_stable),
		TEST(test_what_is_stable_is_not_read),
		TEST(test_only_new_messages_are_measured),
		TEST(test_sizes_of_surrogates_are_those_of_the_way_they_are_made),
		TEST(test_another_file_of_the_same_name_is_measured),
		TEST(test_a_message_with_two_names_is_gone_when_both_are),
		TEST(test_order_is_kept_when_older_mail_comes),
		TEST(test_what_is_gone_leaves_gaps),
		TEST(test_an_emptied_maildrop_begins_again),
		TEST(test_a_file_that_is_mostly_dead_is_written_anew),
		TEST(test_a_session_keeps_its_generation),
		TEST(test_a_listing_is_the_same_without_its_index),
		TEST(test_no_damaged_octet_shows),
		TEST(test_no_forged_head_does_harm),
		TEST(test_a_head_that_cannot_be_true_is_refused),
		TEST(test_why_an_index_is_not_used_is_told),
		TEST(test_an_index_with_a_second_name_is_neither_read_nor_written),
		TEST(test_an_index_that_was_cut_is_made_anew),
		TEST(test_an_index_that_is_spoilt_in_a_session_is_doubted),
		TEST(test_nothing_is_removed_by_a_damaged_record),
		TEST(test_whatever_lies_in_its_place),
		TEST(test_after_a_crash_of_the_machine_nothing_is_believed_unseen),
		TEST(test_killed_at_any_call_it_leaves_no_trace),
		TEST(test_a_commit_killed_at_any_call_removes_nothing_unmarked),
		TEST(test_a_session_that_only_reads_writes_no_index),
		TEST(test_a_maildir_that_may_not_be_written_is_served),
		TEST(test_a_full_disk_costs_the_index_alone),
		TEST(test_a_message_that_changed_is_right_in_the_next_session),
		TEST(test_a_message_that_changed_within_its_sizes_is_sent),
		TEST(test_a_message_that_is_gone_makes_the_next_session_look),
		TEST(test_a_message_that_could_not_be_read_is_tried_again),
	};

	if (!store_start())
		return 1;
	return RUN(tests);
}
