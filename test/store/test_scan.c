/* Promises of the store's parts to one another: how files of a Maildir are told apart,
 * found again and renamed, on file systems of every sort, and when nothing more can be
 * opened. The test answers stat(2) and renameat2(2) for a file system that it makes up.
 */
#include "box.h"

#include <seccomp.h>
#include <sys/resource.h>

#include "../unit/memory.h"
#include "store/home.h"
#include "store/index.h"
#include "store/maildir/scan.h"
#include "store/maxima.h"
#include "sys/file.h"

/* ---- file systems ---- */

enum numbers {
	AS_THEY_ARE,
	NEW_EACH_TIME, /* as most of FUSE */
	OF_A_LAYER,    /* as overlayfs: a folder tells others than stat(2) */
};

static struct {
	enum numbers numbers;
	bool hides_links; /* each file seems to have one name */
	unsigned stats;   /* calls about regular files */
	ino_t next;
	int rename_error; /* of renameat2; 0: it works */
	int read_error;   /* of pread; 0: it works */
	off_t bad;        /* ... of files with so many octets; -1: of any */
	unsigned reads;   /* calls of pread that are still to fail */
	unsigned all_reads;
} world;

ssize_t __real_pread64(int fd, void *out, size_t len, off_t at);
ssize_t __wrap_pread64(int fd, void *out, size_t len, off_t at);
ssize_t __wrap_pread64(int fd, void *out, size_t len, off_t at)
{
	world.all_reads++;
	if (world.reads == 0 || (world.bad >= 0 && lseek(fd, 0, SEEK_END) != world.bad))
		return __real_pread64(fd, out, len, at);
	world.reads--;
	errno = world.read_error;
	return -1;
}

static int change(int result, struct stat *st)
{
	if (result < 0 || !S_ISREG(st->st_mode))
		return result;
	world.stats++;
	if (world.hides_links)
		st->st_nlink = 1;
	if (world.numbers == NEW_EACH_TIME)
		st->st_ino = ++world.next + ((ino_t)1 << 40);
	if (world.numbers == OF_A_LAYER) {
		st->st_ino += (ino_t)1 << 40;
		st->st_dev++;
	}
	return result;
}

int __real_fstat64(int fd, struct stat *st);
int __wrap_fstat64(int fd, struct stat *st);
int __wrap_fstat64(int fd, struct stat *st)
{
	return change(__real_fstat64(fd, st), st);
}

int __real_fstatat64(int dir, const char *path, struct stat *st, int flags);
int __wrap_fstatat64(int dir, const char *path, struct stat *st, int flags);
int __wrap_fstatat64(int dir, const char *path, struct stat *st, int flags)
{
	return change(__real_fstatat64(dir, path, st, flags), st);
}

int __real_renameat2(int from, const char *a, int to, const char *b, unsigned flags);
int __wrap_renameat2(int from, const char *a, int to, const char *b, unsigned flags);
int __wrap_renameat2(int from, const char *a, int to, const char *b, unsigned flags)
{
	if (world.rename_error == 0)
		return __real_renameat2(from, a, to, b, flags);
	errno = world.rename_error;
	return -1;
}

static int open_maildir(const struct box *b)
{
	int fd = openat(b->root, "u/Maildir", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static enum fault scan_all(int dir, struct scan *out)
{
	static const struct scan_stamp nothing[SCAN_DIRS];
	struct scan_seen seen;

	return scan_read(dir, nothing, NULL, out, &seen, NULL);
}

/* ---- telling files apart ---- */

/* Whatever a file system's numbers are worth: messages keep their unique-ids, are sent,
 * and exactly the marked one goes. */
static void test_numbers_of_files_may_be_worth_nothing(void **state)
{
	static const struct timespec when[2] = { { 0, UTIME_OMIT }, { 1000, 1 } };
	uint32_t left;
	char room[16];

	(void)state;
	for (enum numbers n = AS_THEY_ARE; n <= OF_A_LAYER; n++) {
		struct box b;

		world.numbers = n;
		box_open(&b);
		b.index = STORE_INDEX_IGNORE; /* its own number is checked, too */
		put(&b, "new/1.x", SPAN("one\n"));
		put(&b, "new/2.x", SPAN("two\n"));
		put(&b, "cur/3.x:2,", SPAN("three\n"));
		for (const char *const *p =
			     (const char *const[]){ "new/1.x", "new/2.x", NULL };
		     *p; p++) {
			OWN_FD dir = open_maildir(&b);
			assert_true(utimensat(dir, *p, when, 0) == 0);
		}
		struct maildrop *m = open_box(&b);
		CHECK_EQ(m->listing.count, 3);
		CHECK_SPAN(read_body(m, 1, room, sizeof room), "one\n");
		CHECK_SPAN(read_body(m, 2, room, sizeof room), "two\n");
		CHECK_SPAN(read_body(m, 3, room, sizeof room), "three\n");
		const struct listing_record two = record(m, 2);
		CHECK_SPAN(listing_uid(&two), "2.x");
		CHECK_EQ(store_commit(m, &(uint64_t){ 2 }, NULL, &left, NULL),
			 FAULT_NONE);
		CHECK_EQ(left, 2);
		store_close(m);
		CHECK(there(&b, "new/1.x") && !there(&b, "new/2.x") &&
		      there(&b, "cur/3.x:2,"));
		box_close(&b);
	}
	world.numbers = AS_THEY_ARE;
}

/* A message that another program has changed is no other's twin where only size and
 * time tell files apart. */
static void test_a_file_without_a_number_is_its_size_and_time(void **state)
{
	static const struct timespec when[2] = { { 0, UTIME_OMIT }, { 1000, 1 } };
	uint32_t left;
	struct box b;

	(void)state;
	world.numbers = NEW_EACH_TIME;
	box_open(&b);
	b.index = STORE_INDEX_IGNORE;
	put(&b, "new/1.x", SPAN("one\n"));
	struct maildrop *m = open_box(&b);
	OWN_FD dir = open_maildir(&b);
	assert_true(utimensat(dir, "new/1.x", when, 0) == 0);
	CHECK_EQ(store_commit(m, &(uint64_t){ 1 }, NULL, &left, NULL), FAULT_CHANGED);
	store_close(m);
	CHECK(there(&b, "new/1.x"));
	box_close(&b);
	world.numbers = AS_THEY_ARE;
}

/* Only where a folder's numbers are worth nothing, each file costs a call of stat(2).
 */
static void test_one_file_shows_what_the_numbers_of_its_folder_are_worth(void **state)
{
	static const unsigned stats[] = { 2, 2 * 40, 2 * 40 }; /* at least one pass */
	char name[16];

	(void)state;
	for (enum numbers n = AS_THEY_ARE; n <= OF_A_LAYER; n++) {
		struct scan s = { 0 };
		struct box b;

		world.numbers = AS_THEY_ARE;
		box_open(&b);
		for (int i = 0; i < 40; i++) {
			snprintf(name, sizeof name, "new/%d.x", i);
			put(&b, name, SPAN("x"));
		}
		OWN_FD dir = open_maildir(&b);
		world.numbers = n;
		world.stats = 0;
		CHECK_EQ(scan_all(dir, &s), FAULT_NONE);
		CHECK_EQ(s.files.count, 40);
		CHECK_EQ(s.files.at[0].numberless, n == NEW_EACH_TIME);
		CHECK(n == AS_THEY_ARE ? world.stats <= stats[n]
				       : world.stats >= stats[n] / 2);
		scan_done(&s);
		box_close(&b);
	}
	world.numbers = AS_THEY_ARE;
}

/* ---- renaming ---- */

/* No file is replaced, even where the kernel cannot promise that. */
static void test_a_name_that_is_taken_stays(void **state)
{
	static const struct {
		int error;
		bool is_taken;
		int result, sys;
	} cases[] = {
		{ 0, false, 0, 0 },
		{ 0, true, -1, EEXIST },
		{ EINVAL, false, 0, 0 },
		{ EINVAL, true, -1, EEXIST },
		{ ENOSYS, false, 0, 0 },
		{ ENOSYS, true, -1, EEXIST },
		{ EOPNOTSUPP, false, 0, 0 },
		{ EOPNOTSUPP, true, -1, EEXIST },
		{ EACCES, false, -1, EACCES },
		{ ENOENT, false, -1, ENOENT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[8] = "";
		struct box b;

		box_open(&b);
		put(&b, "new/1.x", SPAN("one"));
		if (cases[i].is_taken)
			put(&b, "cur/1.x:2,S", SPAN("other"));
		OWN_FD dir = open_maildir(&b);
		world.rename_error = cases[i].error;
		CHECK_EQ(scan_move(dir, "new/1.x", "cur/1.x:2,S"), cases[i].result);
		if (cases[i].result < 0)
			CHECK_EQ(errno, cases[i].sys);
		world.rename_error = 0;
		CHECK_EQ(there(&b, "new/1.x"), cases[i].result < 0);
		CHECK_EQ(there(&b, "cur/1.x:2,S"),
			 cases[i].result == 0 || cases[i].is_taken);
		if (cases[i].is_taken) {
			OWN_FD fd = openat(dir, "cur/1.x:2,S", O_RDONLY);
			CHECK_EQ(read(fd, text, sizeof text), 5);
			CHECK_TEXT(text, "other");
		}
		box_close(&b);
	}
}

/* ---- finding again ---- */

static bool is_never_there(void *arg, struct scan *s, struct scan_file *file)
{
	unsigned *calls = arg;

	(void)s, (void)file;
	++*calls;
	return true;
}

/* It is a fault that names the message, and neither gone nor an endless search. */
static void test_a_message_that_keeps_moving_is_a_fault(void **state)
{
	uint32_t list[] = { 1 };
	struct scan s = { 0 };
	struct why why = { 0 };
	unsigned calls = 0;
	struct box b;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("x"));
	put(&b, "new/2.x", SPAN("x"));
	OWN_FD dir = open_maildir(&b);
	CHECK_EQ(scan_all(dir, &s), FAULT_NONE);
	CHECK_EQ(scan_chase(dir, &s, list, 1, is_never_there, &calls, &why), FAULT_IO);
	CHECK_EQ(why.sys, 0);
	CHECK_TEXT(why.what, "new/2.x");
	CHECK_EQ(s.files.at[1].fate, SCAN_THERE);
	CHECK_EQ(calls, 21);
	scan_done(&s);
	CHECK(!s.names && !s.files.at && s.files.count == 0);
	box_close(&b);
}

/* ---- time stamps of folders ---- */

/* Each part of a stamp may be the only one that has changed. */
static void test_a_stamp_is_known_by_all_its_parts(void **state)
{
	struct scan_stamp now[SCAN_DIRS], other;
	struct box b;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("x"));
	OWN_FD dir = open_maildir(&b);
	stamps_of(dir, now);
	CHECK(scan_is_known(dir, now));
	for (int w = 0; w < SCAN_DIRS; w++)
		for (int part = 0; part < 3; part++) {
			other = now[w];
			*(part == 0   ? &other.inode
			  : part == 1 ? &other.modified_ns
				      : &other.status_ns) += 1;
			CHECK(!scan_is_as(dir, (enum scan_dir)w, other));
			CHECK(scan_is_as(dir, (enum scan_dir)w, now[w]));
		}
	box_close(&b);
}

/* ---- removal ---- */

/* A marked message whose record cannot be read stays, the others go, and the index is
 * made anew. */
static void test_a_message_without_its_record_is_not_removed(void **state)
{
	struct store_body body;
	struct why why;
	uint32_t left = 77;
	struct box b;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("x"));
	put(&b, "new/2.x", SPAN("x"));
	struct maildrop *m = open_box(&b);
	world.read_error = EIO;
	world.bad = -1;
	world.reads = 1;
	CHECK_EQ(store_commit(m, &(uint64_t){ 3 }, NULL, &left, &why), FAULT_IO);
	CHECK_EQ(world.reads, 0);
	CHECK_TEXT(why.doing, "read");
	CHECK_TEXT(why.what, INDEX_FILE);
	CHECK_EQ(left, 77);
	CHECK(there(&b, "new/1.x") && !there(&b, "new/2.x"));
	CHECK(!there(&b, INDEX_FILE));
	store_close(m);
	m = open_box(&b);
	CHECK_EQ(m->listing.count, 1);
	world.reads = 1;
	CHECK_EQ(store_body(m, 1, &body, &why), FAULT_IO);
	CHECK_EQ(why.sys, 0);
	CHECK(!there(&b, INDEX_FILE));
	store_close(m);
	box_close(&b);
}

/* Either the message goes and the commit says so, or it stays. */
static void test_without_memory_nothing_is_removed(void **state)
{
	enum { MOST = 20 };
	uint32_t left;
	struct why why;
	struct box b;
	int n = 0;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("x"));
	for (bool gone = false; !gone; n++) {
		struct maildrop *m = open_box(&b);

		CHECK(n < MOST);
		memory_left = n;
		const enum fault f =
			store_commit(m, &(uint64_t){ 1 }, NULL, &left, &why);
		memory_left = MEMORY_ENOUGH;
		gone = f == FAULT_NONE;
		CHECK_EQ(there(&b, "new/1.x"), !gone);
		if (!gone) {
			CHECK_EQ(f, FAULT_NOMEM);
			CHECK_EQ(why.sys, 0);
		}
		store_close(m);
	}
	CHECK(n > 1);
	box_close(&b);
}

/* A second name that came in the session goes, too, where the count of links is out of
 * date. */
static void test_a_second_name_goes_without_a_count_of_links(void **state)
{
	uint32_t left;
	struct box b;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("x"));
	struct maildrop *m = open_box(&b);
	OWN_FD dir = open_maildir(&b);
	assert_true(linkat(dir, "new/1.x", dir, "cur/1.x:2,S", 0) == 0);
	touch_folder(&b, "cur");
	world.hides_links = true;
	const enum fault f = store_commit(m, &(uint64_t){ 1 }, NULL, &left, NULL);
	world.hides_links = false;
	CHECK_EQ(f, FAULT_NONE);
	CHECK(!there(&b, "new/1.x") && !there(&b, "cur/1.x:2,S"));
	store_close(m);
	box_close(&b);
}

static uint64_t quiescence(const struct box *b)
{
	struct index ix;
	struct why why;
	OWN_FD dir = open_maildir(b);

	CHECK(index_open(&ix, dir, &why));
	const uint64_t quiescent = ix.head.quiescent;
	index_close(&ix);
	return quiescent;
}

/* What a commit has removed itself is no sign that the index is wrong; what others have
 * removed is. */
static void test_only_what_others_removed_makes_the_index_stale(void **state)
{
	uint32_t left;

	(void)state;
	for (int others = 0; others < 2; others++) {
		struct box b;

		box_open(&b);
		put(&b, "new/1.x", SPAN("x"));
		put(&b, "new/2.x", SPAN("x"));
		settle(&b);
		struct maildrop *m = open_box(&b);
		CHECK_EQ(quiescence(&b), INDEX_QUIESCENT);
		touch_folder(&b, "cur"); /* so that each message is searched for */
		if (others)
			drop(&b, "new/1.x");
		CHECK_EQ(store_commit(m, &(uint64_t){ 1 }, NULL, &left, NULL),
			 FAULT_NONE);
		CHECK_EQ(left, 1);
		CHECK(!there(&b, "new/1.x") && there(&b, "new/2.x"));
		CHECK_EQ(quiescence(&b), others ? INDEX_STALE : INDEX_QUIESCENT);
		store_close(m);
		box_close(&b);
	}
}

/* Whether memory is there or not: a message of another size on the wire is not the one
 * that was listed. */
static void test_without_memory_no_changed_message_is_sent(void **state)
{
	static const struct timespec later[2] = { { 0, UTIME_OMIT }, { 99, 9 } };
	struct store_body body;
	struct box b;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("a\nb\n"));
	struct maildrop *m = open_box(&b);
	OWN_FD fd = openat(b.root, "u/Maildir/new/1.x", O_WRONLY);
	assert_true(write(fd, "abc\n", 4) == 4 && futimens(fd, later) == 0);
	for (int n = 4; n >= MEMORY_ENOUGH; n--) {
		memory_left = n;
		const enum fault f = store_body(m, 1, &body, NULL);
		memory_left = MEMORY_ENOUGH;
		CHECK(f == FAULT_CHANGED || (f == FAULT_NOMEM && n >= 0));
	}
	store_close(m);
	box_close(&b);
}

/* ---- the messages that a board has ever had ---- */

#define MAXIMA "u/Maildir/" MAXIMA_FILE

static uint32_t count_maxima(const struct box *b, enum fault want)
{
	struct why why = { 0 };
	struct maildrop *m = open_box(b);
	OWN_FD dir = open_maildir(b);

	errno = 0; /* a call that succeeds does not set it */
	const uint32_t maxima = maxima_of(dir, &m->listing, &why);

	CHECK_EQ(why.fault, want);
	store_close(m);
	return maxima;
}

/* Each message counts once, and the file is written, and synced, when one has come or
 * gone. */
static void test_each_message_of_a_board_counts_once(void **state)
{
	static const struct {
		const char *comes, *goes;
		uint32_t maxima;
	} steps[] = {
		{ "new/2.x", NULL, 1 },      { "new/4.x", NULL, 2 },
		{ NULL, NULL, 2 },           { "new/1.x", "new/2.x", 3 },
		{ "new/3.x", "new/1.x", 4 }, { NULL, "new/4.x", 4 },
		{ "new/5.x", NULL, 5 },      { NULL, "new/3.x", 5 },
		{ NULL, NULL, 5 },
	};
	struct stat before, after;
	struct box b;

	(void)state;
	box_open(&b);
	put(&b, "new/0.x", SPAN("x"));
	drop(&b, "new/0.x");
	CHECK_EQ(count_maxima(&b, FAULT_NONE), 0);
	put(&b, MAXIMA_FILE ".new", SPAN("of a process that was killed"));
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		/* Open, it keeps its number from the new file. */
		OWN_FD old = openat(b.root, MAXIMA, O_RDONLY);
		assert_true(old >= 0 && fstat(old, &before) == 0);
		if (steps[i].comes)
			put(&b, steps[i].comes, SPAN("x"));
		if (steps[i].goes)
			drop(&b, steps[i].goes);
		synced.count = 0;
		CHECK_EQ(count_maxima(&b, FAULT_NONE), steps[i].maxima);
		const bool same = !steps[i].comes && !steps[i].goes;
		assert_true(fstatat(b.root, MAXIMA, &after, 0) == 0);
		CHECK_EQ(before.st_ino == after.st_ino, same);
		CHECK_EQ(was_synced(&b, MAXIMA), !same);
		CHECK_EQ(after.st_mode & 07777, 0600);
	}
	box_close(&b);
}

/* Damaged or cut, the file is worth nothing: counting begins anew. */
static void test_a_damaged_count_of_a_board_is_not_believed(void **state)
{
	enum { HEAD = 4 * 8, WHOLE = HEAD + 2 * 8 };
	char whole[WHOLE + 1], spoilt[WHOLE];
	struct box b;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("x"));
	put(&b, "new/2.x", SPAN("x"));
	put(&b, "new/3.x", SPAN("x"));
	CHECK_EQ(count_maxima(&b, FAULT_NONE), 3);
	drop(&b, "new/2.x");
	CHECK_EQ(count_maxima(&b, FAULT_NONE), 3);
	OWN_FD good = openat(b.root, MAXIMA, O_RDONLY);
	CHECK_EQ(pread(good, whole, sizeof whole, 0), WHOLE);
	for (size_t i = 0; i < WHOLE * 2; i++) {
		OWN_FD fd = openat(b.root, MAXIMA, O_WRONLY);
		const size_t len = i < WHOLE ? WHOLE : i - WHOLE;

		memcpy(spoilt, whole, WHOLE);
		if (i < WHOLE)
			spoilt[i] ^= 0x41;
		assert_true(pwrite(fd, spoilt, len, 0) == (ssize_t)len &&
			    ftruncate(fd, (off_t)len) == 0);
		CHECK_EQ(count_maxima(&b, FAULT_NONE), 2);
	}
	OWN_FD fd = openat(b.root, MAXIMA, O_WRONLY);
	assert_true(pwrite(fd, whole, WHOLE, 0) == WHOLE);
	CHECK_EQ(count_maxima(&b, FAULT_NONE), 3);
	box_close(&b);
}

/* The number is right even so. */
static void test_a_count_of_a_board_that_cannot_be_kept_is_told(void **state)
{
	struct box b;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("x"));
	synced.fails = true;
	const uint32_t maxima = count_maxima(&b, FAULT_SETUP);
	synced.fails = false;
	CHECK_EQ(maxima, 1);
	CHECK(!there(&b, MAXIMA_FILE));
	assert_true(unlinkat(b.root, MAXIMA ".new", 0) == 0 &&
		    mkdirat(b.root, MAXIMA ".new", 0700) == 0);
	CHECK_EQ(count_maxima(&b, FAULT_SETUP), 1);
	assert_true(unlinkat(b.root, MAXIMA ".new", AT_REMOVEDIR) == 0 &&
		    mkfifoat(b.root, MAXIMA, 0600) == 0);
	CHECK_EQ(count_maxima(&b, FAULT_NONE), 1);
	drop(&b, "new/1.x");
	CHECK_EQ(count_maxima(&b, FAULT_NONE), 1);
	box_close(&b);
}

/* ---- the process ---- */

static int by_octet(const void *a, const void *b)
{
	return memcmp(a, b, 1);
}

static void sort_in_a_sandbox(void)
{
	static const int forbidden[] = { SCMP_SYS(sysinfo), SCMP_SYS(openat),
					 SCMP_SYS(open) };
	char large[4096] = { 1 };
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
		if (seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, forbidden[i], 0))
			_exit(1);
	if (seccomp_load(filter))
		_exit(2);
	qsort(large, sizeof large, 1, by_octet);
	_exit(large[sizeof large - 1] == 1 ? 0 : 3);
}

/* After store_start, sorting makes no call that the sandbox forbids. This test comes
 * first: any large sort would do the same as store_start. */
static void test_a_large_sort_is_possible_in_the_sandbox(void **state)
{
	int status;

	(void)state;
	const pid_t pid = fork();
	if (pid == 0)
		sort_in_a_sandbox();
	assert_true(waitpid(pid, &status, 0) == pid);
	CHECK_EQ(status, 0);
}

/* Until the machine starts again; and where nobody tells, nothing is believed. */
static void test_a_boot_has_one_number(void **state)
{
	struct rlimit limit, few;

	(void)state;
	const uint64_t number = store_boot();
	assert_true(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	few = limit;
	few.rlim_cur = 0;
	assert_true(setrlimit(RLIMIT_NOFILE, &few) == 0);
	const uint64_t one = store_boot(), other = store_boot();
	assert_true(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	CHECK(number != 0 && one != number && other != number && one != other);
	CHECK_EQ(store_boot(), number);
}

/* ---- errors of the disk ---- */

/* A message that cannot be read keeps its place and its unique-id, is refused, and is
 * measured by the next session that can. */
static void test_a_message_on_a_bad_block_is_measured_later(void **state)
{
	struct store_body body;
	struct box b;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("one\n"));
	put(&b, "new/2.x", SPAN("S: two\n\n!\n"));
	world.read_error = EIO;
	world.bad = 10;
	world.reads = 1000;
	struct maildrop *m = open_box(&b);
	CHECK_EQ(m->listing.count, 2);
	CHECK_EQ(record(m, 1).octets, 5);
	CHECK_EQ(record(m, 2).octets, 10);
	CHECK_EQ(store_body(m, 2, &body, NULL), FAULT_IO);
	store_close(m);
	world.reads = 0;
	m = open_box(&b);
	const struct listing_record two = record(m, 2);
	CHECK_EQ(two.octets, 13);
	CHECK_SPAN(listing_uid(&two), "2.x");
	CHECK_EQ(store_body(m, 2, &body, NULL), FAULT_NONE);
	close(body.fd);
	store_close(m);
	drop(&b, INDEX_FILE);
	world.read_error = EINTR; /* a signal is no error */
	world.reads = 3;
	m = open_box(&b);
	CHECK_EQ(world.reads, 0);
	CHECK_EQ(record(m, 2).octets, 13);
	store_close(m);
	box_close(&b);
}

/* An index that cannot be read is none; a signal is no error. */
static void test_an_index_on_a_bad_block_is_made_anew(void **state)
{
	static const struct {
		int error;
		unsigned reads;
		bool good;
	} cases[] = { { EIO, 1, false }, { EINTR, 1, true }, { EINTR, 5, true } };
	struct index ix;
	struct why why;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct box b;

		box_open(&b);
		put(&b, "new/1.x", SPAN("one\n"));
		store_close(open_box(&b));
		OWN_FD dir = open_maildir(&b);
		world.read_error = cases[i].error;
		world.bad = -1;
		world.reads = cases[i].reads;
		CHECK_EQ(index_open(&ix, dir, &why), cases[i].good);
		CHECK_EQ(world.reads, 0);
		index_close(&ix);
		world.reads = cases[i].reads;
		struct maildrop *m = open_box(&b);
		CHECK_EQ(m->listing.count, 1);
		CHECK_EQ(record(m, 1).octets, 5);
		store_close(m);
		box_close(&b);
	}
}

/* From wherever a reader begins, it reads a group of records at a time, and of names.
 */
static void test_a_reader_of_the_index_reads_groups(void **state)
{
	enum { COUNT = 3 * LISTING_GROUP };
	static struct index_reader rd;
	struct listing_record r;
	struct span found;
	struct index ix;
	struct why why;
	char name[16];
	struct box b;

	(void)state;
	box_open(&b);
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof name, "new/%d.x", 1000 + i);
		put(&b, name, SPAN("x"));
	}
	store_close(open_box(&b));
	OWN_FD dir = open_maildir(&b);
	CHECK(index_open(&ix, dir, &why));
	for (uint32_t first = 0; first < 3; first++) {
		index_reader_init(&rd, &ix, LISTING_GROUP);
		world.all_reads = 0;
		for (uint32_t i = first * LISTING_GROUP + 1; i < COUNT; i++) {
			snprintf(name, sizeof name, "n%u.x", 1000 + i);
			CHECK(index_next(&rd, i, &r) && index_name(&rd, i, &r, &found));
			CHECK_SPAN(found, name);
		}
		CHECK_EQ(world.all_reads, 2 * (3 - first));
	}
	index_reader_init(&rd, &ix, 16); /* or fewer */
	world.all_reads = 0;
	for (uint32_t i = 8; i < LISTING_GROUP + 8; i++)
		CHECK(index_next(&rd, i, &r));
	CHECK_EQ(world.all_reads, (LISTING_GROUP - 8 + 15) / 16 + 1);
	index_close(&ix);
	box_close(&b);
}

/* ---- nothing more can be opened ---- */

/* However many descriptors are left: the messages have their sizes, or the maildrop
 * does not open. None of them is listed as one that cannot be read. */
static void test_without_descriptors_no_message_is_listed_wrongly(void **state)
{
	struct rlimit limit, few;
	unsigned refused = 0, opened = 0;
	struct box b;

	(void)state;
	box_open(&b);
	put(&b, "new/1.x", SPAN("a\nb\n"));
	put(&b, "cur/2.x:2,", SPAN("c\n"));
	assert_true(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	few = limit;
	const int lowest = dup(0);
	close(lowest);
	for (int more = 0; more < 12; more++) {
		struct maildrop *m;

		b.index = more % 2 ? STORE_INDEX_IGNORE : STORE_INDEX_RENEW;
		few.rlim_cur = (rlim_t)(lowest + more / 2);
		assert_true(setrlimit(RLIMIT_NOFILE, &few) == 0);
		const enum fault f = try_open(&b, &m);
		assert_true(setrlimit(RLIMIT_NOFILE, &limit) == 0);
		CHECK(f == FAULT_NONE || f == FAULT_LIMIT);
		refused += f != FAULT_NONE;
		opened += f == FAULT_NONE;
		if (f)
			continue;
		CHECK_EQ(m->listing.count, 2);
		CHECK_EQ(m->listing.octets, 6 + 3);
		CHECK_EQ(record(m, 1).flags, 0);
		store_close(m);
	}
	CHECK(refused > 3 && opened > 0);
	box_close(&b);
}

/* ---- where there is no maildrop ---- */

static enum fault open_at(const struct box *b, const char *path, bool makes_home,
			  struct maildrop **out, struct why *why)
{
	const struct store_opening opening = {
		.place = { STORE_MAILDIR, b->root, path },
		.process = { .locks = b->locks,
			     .boot = b->boot,
			     .downgrade = b->downgrade },
		.use = { .makes_home = makes_home, .index = STORE_INDEX_IGNORE },
	};

	return store_open(&opening, out, why);
}

/* Neither is waited for. */
static void test_what_is_no_folder_is_no_maildir(void **state)
{
	struct maildrop *m;
	struct why why = { 0 };
	struct box b;

	(void)state;
	box_open(&b);
	assert_true(mkfifoat(b.root, "u/fifo", 0600) == 0);
	CHECK(close(openat(b.root, "u/file", O_CREAT | O_WRONLY, 0600)) == 0);
	for (const char *const *p = (const char *const[]){ "u/fifo", "u/file", NULL };
	     *p; p++) {
		CHECK_EQ(open_at(&b, *p, false, &m, &why), FAULT_SETUP);
		CHECK_EQ(why.sys, ENOTDIR);
		CHECK_TEXT(why.doing, "open Maildir");
	}
	box_close(&b);
}

static unsigned mode_of(const struct box *b, const char *path)
{
	struct stat st;

	assert_true(fstatat(b->root, path, &st, 0) == 0);
	return st.st_mode & 07777;
}

/* Some of them may be missing until the first delivery. */
static void test_folders_that_are_missing_are_made(void **state)
{
	static const char *const folders[] = { "u/Maildir/new", "u/Maildir/cur",
					       "u/Maildir/tmp" };

	(void)state;
	for (unsigned made = 0; made < 8; made++) {
		struct box b;

		box_open(&b);
		assert_true(mkdirat(b.root, "u/Maildir", 0700) == 0);
		for (unsigned i = 0; i < 3; i++)
			if (made >> i & 1)
				assert_true(mkdirat(b.root, folders[i], 0750) == 0);
		struct maildrop *m = open_box(&b);
		CHECK_EQ(m->listing.count, 0);
		store_close(m);
		CHECK(there(&b, "new") && there(&b, "cur"));
		for (unsigned i = 0; i < 3; i++)
			if (made >> i & 1)
				CHECK_EQ(mode_of(&b, folders[i]), 0750);
		CHECK(there(&b, "tmp") || (made & 3) == 3);
		box_close(&b);
	}
}

/* A home is made only where the settings say so: where its disk is not mounted, an
 * empty maildrop would make clients forget what they have. */
static void test_a_home_is_made_where_it_may_be(void **state)
{
	struct maildrop *m;
	struct why why = { 0 };
	struct box b;

	(void)state;
	box_open(&b);
	CHECK_EQ(open_at(&b, "d/e/h/Maildir", false, &m, &why), FAULT_SETUP);
	CHECK(faccessat(b.root, "d", F_OK, 0) < 0);
	const unsigned before = scratch_descriptors();
	for (int session = 0; session < 2; session++) {
		errno = 0;
		CHECK_EQ(open_at(&b, "d/e/h/Maildir", true, &m, &why), FAULT_NONE);
		CHECK_EQ(m->has_new_home, session == 0);
		CHECK_EQ(m->listing.count, 0);
		store_close(m);
	}
	CHECK_EQ(mode_of(&b, "d"), 0711);
	CHECK_EQ(mode_of(&b, "d/e"), 0711);
	CHECK_EQ(mode_of(&b, "d/e/h"), 0700);
	CHECK_EQ(mode_of(&b, "d/e/h/Maildir"), 0700);
	CHECK_EQ(open_at(&b, "d/e/i/Maildir", true, &m, &why), FAULT_NONE);
	CHECK(m->has_new_home);
	store_close(m);
	CHECK_EQ(scratch_descriptors(), before);
	box_close(&b);
}

static void test_no_home_is_made_through_a_link_or_in_a_file(void **state)
{
	char long_name[NAME_MAX + 2];
	struct box b;

	(void)state;
	memset(long_name, 'x', sizeof long_name - 1);
	long_name[sizeof long_name - 1] = '\0';
	box_open(&b);
	assert_true(symlinkat("u", b.root, "link") == 0);
	assert_true(mkfifoat(b.root, "fifo", 0600) == 0);
	CHECK(close(openat(b.root, "file", O_CREAT | O_WRONLY, 0600)) == 0);
	const struct {
		const char *home;
		int sys;
	} cases[] = {
		{ "link/h", ELOOP }, { "file/h", ENOTDIR },       { "fifo/h", ENOTDIR },
		{ "../h", EXDEV },   { long_name, ENAMETOOLONG },
	};
	const unsigned before = mode_of(&b, "u");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CHECK_EQ(store_make_home(b.root, span_of(cases[i].home)), -1);
		if (cases[i].sys != ELOOP)
			CHECK_EQ(errno, cases[i].sys);
	}
	CHECK(faccessat(b.root, "u/h", F_OK, 0) < 0);
	CHECK_EQ(mode_of(&b, "u"), before);
	OWN_FD made = store_make_home(b.root, SPAN("//d//h/"));
	CHECK(made >= 0);
	CHECK(faccessat(b.root, "d/h", F_OK, 0) == 0);
	long_name[NAME_MAX] = '\0';
	OWN_FD longest = store_make_home(b.root, span_of(long_name));
	CHECK(longest >= 0);
	box_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_large_sort_is_possible_in_the_sandbox),
		TEST(test_a_boot_has_one_number),
		TEST(test_numbers_of_files_may_be_worth_nothing),
		TEST(test_a_file_without_a_number_is_its_size_and_time),
		TEST(test_one_file_shows_what_the_numbers_of_its_folder_are_worth),
		TEST(test_a_name_that_is_taken_stays),
		TEST(test_a_message_that_keeps_moving_is_a_fault),
		TEST(test_a_stamp_is_known_by_all_its_parts),
		TEST(test_a_message_without_its_record_is_not_removed),
		TEST(test_without_memory_nothing_is_removed),
		TEST(test_a_second_name_goes_without_a_count_of_links),
		TEST(test_only_what_others_removed_makes_the_index_stale),
		TEST(test_without_memory_no_changed_message_is_sent),
		TEST(test_each_message_of_a_board_counts_once),
		TEST(test_a_damaged_count_of_a_board_is_not_believed),
		TEST(test_a_count_of_a_board_that_cannot_be_kept_is_told),
		TEST(test_a_message_on_a_bad_block_is_measured_later),
		TEST(test_an_index_on_a_bad_block_is_made_anew),
		TEST(test_a_reader_of_the_index_reads_groups),
		TEST(test_without_descriptors_no_message_is_listed_wrongly),
		TEST(test_what_is_no_folder_is_no_maildir),
		TEST(test_folders_that_are_missing_are_made),
		TEST(test_a_home_is_made_where_it_may_be),
		TEST(test_no_home_is_made_through_a_link_or_in_a_file),
	};

	return store_start() ? RUN(tests) : 1;
}
