/* What a Maildir alone promises of deliveries, beside test_delivery.c: names, folders,
 * what is synced, what a crash leaves, the files of other programs. */
#include "arrive.h"
#include "traced.h"

#include <sys/file.h>

#include "mail/name.h"
#include "store/lock.h"
#include "store/maildir/newname.h"

/* The names in a folder. */
static unsigned list_folder(const struct box *b, const char *folder, char last[256])
{
	char path[160];
	unsigned count = 0;

	snprintf(path, sizeof path, "%s/u/Maildir/%s", b->path, folder);
	DIR *all = opendir(path);
	for (struct dirent *d; all && (d = readdir(all));)
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0) {
			snprintf(last, 256, "%s", d->d_name);
			count++;
		}
	if (all)
		closedir(all);
	return count;
}

static unsigned files_in(const struct box *b, const char *folder)
{
	char last[256];

	return list_folder(b, folder, last);
}

static void check_file(const struct box *b, const char *path, const char *want)
{
	char room[256], whole[400];

	snprintf(whole, sizeof whole, "u/Maildir/%s", path);
	OWN_FD fd = openat(b->root, whole, O_RDONLY);
	const ssize_t n = fd < 0 ? -1 : pread(fd, room, sizeof room, 0);
	assert_true(n >= 0);
	CHECK_SPAN(((struct span){ room, (size_t)n }), want);
}

/* ---- names ---- */

static const char *the_host = "h";

int __wrap_gethostname(char *name, size_t len);
int __wrap_gethostname(char *name, size_t len)
{
	if (!the_host) {
		errno = EPERM;
		return -1;
	}
	snprintf(name, len, "%s", the_host);
	return 0;
}

static void name_with(const char *hostname, char out[MAILDIR_NEW_NAME_MAX])
{
	struct buf b = { .at = out, .room = MAILDIR_NEW_NAME_MAX };

	the_host = hostname;
	CHECK(maildir_start());
	maildir_new_name(&b);
	buf_cstr(&b);
	CHECK(!b.cut);
	the_host = "h";
}

static void test_a_name_has_time_process_counter_and_host(void **state)
{
	static char longest[65], bad[65];
	const struct {
		const char *host, *end;
	} hosts[] = {
		{ "mx.example.net", ".mx.example.net" },
		{ "", ".localhost" },
		{ NULL, ".localhost" },
		{ "a/b:c", ".a\\057b\\072c" },
		{ longest, longest + 1 },
	};
	char name[MAILDIR_NEW_NAME_MAX];
	const time_t before = time(NULL);

	(void)state;
	memset(longest, 'x', 64);
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		unsigned long seconds, us, pid, number;
		int at = 0;

		name_with("localhost", name);
		name_with(hosts[i].host, name);
		assert_true(sscanf(name, "%lu.M%luP%luQ%lu%n", &seconds, &us, &pid,
				   &number, &at) == 4);
		CHECK(seconds >= (unsigned long)before && us < 1000000);
		CHECK_EQ(pid, getpid());
		CHECK(number <= UINT16_MAX);
		const size_t len = strlen(name), end = strlen(hosts[i].end);
		CHECK(len - (size_t)at >= end);
		CHECK_TEXT(name + len - end, hosts[i].end);
	}
	memset(bad, '/', 64);
	name_with(bad, name);
	CHECK(!strchr(name, '/') && strlen(name) < 180);
	name_with("h", name);
}

/* Also when the clock is set back, by two hours here. */
static void test_names_ascend_and_never_come_again(void **state)
{
	char last[MAILDIR_NEW_NAME_MAX] = "0";

	(void)state;
	for (int i = 0; i < 3000; i++) {
		char name[MAILDIR_NEW_NAME_MAX];
		struct buf b = BUF(name);

		told_time.ns = i / 1000 == 1;
		maildir_new_name(&b);
		buf_cstr(&b);
		CHECK(name_time_order(name_time(span_of(last)),
				      name_time(span_of(name))) < 0);
		memcpy(last, name, sizeof last);
	}
	told_time.ns = 0;
}

static void test_numbers_follow_each_other_from_one_at_random(void **state)
{
	char room[MAILDIR_NEW_NAME_MAX];
	unsigned first[4];
	bool differ = false;

	(void)state;
	for (int i = 0; i < 4; i++) {
		CHECK(maildir_start());
		for (unsigned k = 0; k < 3; k++) {
			struct buf b = BUF(room);
			const unsigned n = maildir_new_name(&b);

			if (k == 0)
				first[i] = n;
			CHECK_EQ(n, (first[i] + k) % 65536);
		}
		differ |= first[i] != first[0];
	}
	CHECK(differ);
}

static void test_the_name_states_both_sizes(void **state)
{
	struct store_delivered out;
	char name[256];
	struct stat st;
	struct box b;
	uint64_t s, w;

	(void)state;
	box_open(&b);
	CHECK_EQ(arrive_within(&b, SPAN("a: b\n\n.x"), &no_quota, &out), FAULT_NONE);
	CHECK_EQ(list_folder(&b, "new", name), 1);
	CHECK_TEXT(name, out.name);
	CHECK(strlen(name) > 9 &&
	      strcmp(name + strlen(name) - strlen(",S=8,W=12"), ",S=8,W=12") == 0);
	CHECK(name_field(span_of(name), 'S', &s) && s == 8);
	CHECK(name_field(span_of(name), 'W', &w) && w == 12 && out.octets == 12);
	CHECK_EQ(files_in(&b, "tmp"), 0);
	snprintf(name, sizeof name, "u/Maildir/new/%.200s", out.name);
	CHECK(fstatat(b.root, name, &st, 0) == 0 && (st.st_mode & 07777) == 0600);
	box_close(&b);
}

/* ---- the disk ---- */

static ino_t number_of(const struct box *b, const char *path)
{
	struct stat st;

	assert_true(fstatat(b->root, path, &st, 0) == 0);
	return st.st_ino;
}

static void test_file_and_folder_are_synced_before_success(void **state)
{
	struct store_delivered out;
	char path[300];
	struct box b;

	(void)state;
	box_open(&b);
	CHECK_EQ(arrive(&b, "first\n"), FAULT_NONE);
	synced.count = 0;
	CHECK_EQ(arrive_within(&b, SPAN("x\n"), &no_quota, &out), FAULT_NONE);
	CHECK_EQ(synced.count, 2);
	snprintf(path, sizeof path, "u/Maildir/new/%.200s", out.name);
	CHECK_EQ(synced.of[0], number_of(&b, path));
	CHECK_EQ(synced.of[1], number_of(&b, "u/Maildir/new"));
	box_close(&b);
}

/* ... and all folders above, when the delivery has made some of them. */
static void test_new_folders_are_synced(void **state)
{
	struct store_delivered out;
	struct box b;

	(void)state;
	for (int missing = 0; missing < 3; missing++) {
		box_open(&b);
		struct store_opening o = arrival(&b);
		OWN_FD fd = message_file(SPAN("x\n"));
		const struct store_message m = { .fd = fd, .octets = 2 };

		if (missing > 0) {
			CHECK_EQ(arrive(&b, "x\n"), FAULT_NONE);
			assert_true(unlinkat(b.root, "u/Maildir/tmp", AT_REMOVEDIR) ==
				    0);
		}
		if (missing == 2)
			move(&b, "new", "cur/1");
		synced.count = 0;
		CHECK_EQ(store_deliver(&o, &m, &no_quota, &out, NULL), FAULT_NONE);
		CHECK_EQ(synced.count, 5);
		CHECK_EQ(synced.of[0], number_of(&b, "u/Maildir"));
		CHECK_EQ(synced.of[1], number_of(&b, "u"));
		CHECK_EQ(synced.of[2], number_of(&b, "."));
		CHECK(there(&b, "new") && there(&b, "cur") && there(&b, "tmp"));
		box_close(&b);
	}
}

/* At how many syncs another program could have the lock of deliveries of *locked_box.
 */
static const struct box *locked_box;
static unsigned unlocked_syncs;

static void try_arrivals_lock(void)
{
	OWN_FD new = openat(locked_box->root, "u/Maildir/new", O_RDONLY | O_DIRECTORY);

	unlocked_syncs += flock(new, LOCK_EX | LOCK_NB) == 0;
}

/* The disk may be slow; other deliveries need not wait for it. */
static void test_the_lock_of_deliveries_is_not_kept_during_a_sync(void **state)
{
	static const struct store_quota quota = { .messages = 1000 };
	struct store_delivered out;
	struct box b;

	(void)state;
	box_open(&b);
	CHECK_EQ(arrive(&b, "first\n"), FAULT_NONE);
	locked_box = &b;
	unlocked_syncs = 0;
	synced.meanwhile = try_arrivals_lock;
	CHECK_EQ(arrive_within(&b, SPAN("x\n"), &quota, &out), FAULT_NONE);
	synced.meanwhile = NULL;
	CHECK_EQ(unlocked_syncs, 2);
	box_close(&b);
}

/* What is not on disk was not delivered: its sender sends it again. */
static void test_what_can_not_be_synced_does_not_stay(void **state)
{
	static const struct {
		int error;
		enum fault fault;
	} errors[] = { { EIO, FAULT_IO },
		       { ENOSPC, FAULT_FULL },
		       { EDQUOT, FAULT_FULL } };
	struct store_delivered out;
	struct box b;

	(void)state;
	box_open(&b);
	CHECK_EQ(arrive(&b, "first\n"), FAULT_NONE);
	for (unsigned i = 0; i < 2 * sizeof errors / sizeof *errors; i++) {
		synced.count = 0;
		synced.fails_at = i % 2 + 1;
		synced.error = errors[i / 2].error;
		CHECK_EQ(arrive_within(&b, SPAN("x\n"), &no_quota, &out),
			 errors[i / 2].fault);
		CHECK_EQ(synced.count, i % 2 + 1);
		CHECK_EQ(files_in(&b, "new"), 1);
		CHECK_EQ(files_in(&b, "tmp"), 0);
	}
	synced.fails_at = 0;
	synced.error = 0;
	box_close(&b);
	box_open(&b);
	synced.fails = true; /* of the folders */
	CHECK_EQ(arrive_within(&b, SPAN("x\n"), &no_quota, &out), FAULT_IO);
	synced.fails = false;
	CHECK_EQ(files_in(&b, "new"), 0);
	box_close(&b);
}

/* For another user, since root may write anywhere. */
static enum fault arrive_as_other(const struct box *b)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (geteuid() == 0 && setuid(65534) < 0)
			_exit(255);
		_exit((int)arrive(b, "x\n"));
	}
	assert_true(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return (enum fault)WEXITSTATUS(status);
}

static void test_a_folder_that_takes_no_file(void **state)
{
	static const char *const folders[] = { "u/Maildir/new", "u/Maildir/tmp", "u" };
	struct box b;

	(void)state;
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		box_open(&b);
		CHECK_EQ(arrive(&b, "x\n"), FAULT_NONE);
		chmod(b.path, 0755);
		assert_true(fchmodat(b.root, "u", 0777, 0) == 0 &&
			    fchmodat(b.root, "u/Maildir", 0777, 0) == 0 &&
			    fchmodat(b.root, "u/Maildir/new", 0777, 0) == 0 &&
			    fchmodat(b.root, "u/Maildir/tmp", 0777, 0) == 0 &&
			    fchmodat(b.root, folders[i], 0555, 0) == 0);
		CHECK_EQ(arrive_as_other(&b), i < 2 ? FAULT_SETUP : FAULT_NONE);
		CHECK_EQ(files_in(&b, "tmp"), 0);
		CHECK_EQ(files_in(&b, "new"), i < 2 ? 1 : 2);
		if (i == 2) { /* where the Maildir is missing */
			assert_true(renameat(b.root, "u/Maildir", b.root, "gone") == 0);
			CHECK_EQ(arrive_as_other(&b), FAULT_SETUP);
		}
		box_close(&b);
	}
}

/* ---- crashes ---- */

static const char whole[] = "a: b\n\nthe whole of it\n";

static void deliver_whole(const struct box *b)
{
	static const struct store_quota quota = { .messages = 1000 };
	struct store_delivered out;

	if (arrive_within(b, span_of(whole), &quota, &out) == FAULT_NONE)
		mkdirat(b->root, "success", 0700);
}

static void check_all_whole(const struct box *b, uint32_t least)
{
	struct maildrop *m = open_box(b);
	char room[64];

	CHECK(m->listing.count >= least && m->listing.count <= 1);
	for (uint32_t msg = 1; msg <= m->listing.count; msg++) {
		CHECK_EQ(record(m, msg).octets, strlen(whole) + 3);
		CHECK_SPAN(read_body(m, msg, room, sizeof room), whole);
	}
	store_close(m);
}

/* Killed at its n-th call, a delivery has come whole or not at all, and it has come if
 * it told so. The next one comes in any case. */
static bool die_at(int n)
{
	struct box b;

	box_open(&b);
	const bool died = run_until_call(&b, deliver_whole, n);
	const bool told = faccessat(b.root, "success", F_OK, 0) == 0;
	const uint32_t least = told ? 1 : 0;

	check_all_whole(&b, least);
	CHECK_EQ(arrive(&b, "next\n"), FAULT_NONE);
	CHECK(files_in(&b, "new") >= least + 1);
	box_close(&b);
	return died;
}

static void test_a_delivery_that_is_killed_at_any_call(void **state)
{
	int n = 1;

	(void)state;
	while (n < 500 && die_at(n))
		n++;
	CHECK(n < 500);
}

/* A session between any two calls: it sees the message whole or not at all, and removes
 * it; it never comes back. */
static bool meet_session(int n)
{
	struct box b;
	uint32_t seen = 0, left;

	box_open(&b);
	pid_t pid = traced_start(&b, deliver_whole);
	const bool met = pid > 0 && traced_go_on(pid, n);
	if (met) {
		check_all_whole(&b, 0);
		struct maildrop *m = open_box(&b);
		seen = m->listing.count;
		CHECK_EQ(store_commit(m, &(uint64_t){ 1 }, NULL, &left, NULL),
			 FAULT_NONE);
		store_close(m);
		while (traced_go_on(pid, 1000))
			;
		struct maildrop *after = open_box(&b);
		CHECK_EQ(after->listing.count + seen, 1);
		store_close(after);
		CHECK(faccessat(b.root, "success", F_OK, 0) == 0);
	}
	box_close(&b);
	return met;
}

static void test_a_session_between_any_two_calls(void **state)
{
	int n = 1;

	(void)state;
	while (n < 500 && meet_session(n))
		n++;
	CHECK(n < 500);
}

/* ---- leftovers ---- */

static void set_times(const struct box *b, const char *name, time_t read_s,
		      time_t written_s)
{
	const time_t now = time(NULL);
	const struct timespec times[2] = { { now - read_s, 0 },
					   { now - written_s, 0 } };
	char path[64];

	snprintf(path, sizeof path, "u/Maildir/tmp/%s", name);
	assert_true(utimensat(b->root, path, times, 0) == 0);
}

static void test_old_files_in_tmp_go_within_some_deliveries(void **state)
{
	enum { OLD = 36 * 3600 + 60, YOUNG = 36 * 3600 - 60, DELIVERIES = 32 };
	static const char *const names[] = { "old", "read", "written", ".hidden" };
	struct box b;

	(void)state;
	box_open(&b);
	CHECK_EQ(arrive(&b, "x\n"), FAULT_NONE);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[64];

		snprintf(path, sizeof path, "tmp/%s", names[i]);
		put(&b, path, SPAN("half"));
		set_times(&b, names[i], i == 1 ? YOUNG : OLD, i == 2 ? YOUNG : OLD);
	}
	assert_true(mkdirat(b.root, "u/Maildir/tmp/folder", 0700) == 0);
	set_times(&b, "folder", OLD, OLD);
	for (int i = 0; i < DELIVERIES; i++)
		CHECK_EQ(arrive(&b, "x\n"), FAULT_NONE);
	CHECK(!there(&b, "tmp/old"));
	CHECK(there(&b, "tmp/read") && there(&b, "tmp/written"));
	CHECK(there(&b, "tmp/.hidden") && there(&b, "tmp/folder"));
	CHECK_EQ(files_in(&b, "new"), DELIVERIES + 1);
	box_close(&b);
}

static unsigned deliveries_until_gone(const struct box *b)
{
	unsigned count = 0;

	put(b, "tmp/old", SPAN("half"));
	set_times(b, "old", 40 * 3600, 40 * 3600);
	while (there(b, "tmp/old") && count < 100) {
		CHECK_EQ(arrive(b, "x\n"), FAULT_NONE);
		count++;
	}
	return count;
}

/* ... whether the deliveries of a process have even numbers or odd ones. */
static void test_one_delivery_of_32_looks_for_leftovers(void **state)
{
	char room[MAILDIR_NEW_NAME_MAX];
	struct box b;

	(void)state;
	box_open(&b);
	CHECK_EQ(arrive(&b, "x\n"), FAULT_NONE);
	for (int i = 0; i < 2; i++) {
		CHECK(deliveries_until_gone(&b) <= 32);
		CHECK_EQ(deliveries_until_gone(&b), 32);
		maildir_new_name(&BUF(room));
	}
	box_close(&b);
}

/* ---- maildirsize ---- */

static void test_the_quota_of_others_is_told_what_came(void **state)
{
	struct box b;

	(void)state;
	box_open(&b);
	CHECK_EQ(arrive(&b, "a\nb\n"), FAULT_NONE);
	CHECK(!there(&b, "maildirsize")); /* whoever keeps a quota makes it */
	put(&b, "maildirsize", SPAN("5000S\n1122 4\n"));
	CHECK_EQ(arrive(&b, "a\nb\n"), FAULT_NONE);
	check_file(&b, "maildirsize", "5000S\n1122 4\n4 1\n");
	box_close(&b);
}

static void test_a_quota_of_others_that_is_too_long_is_written_anew(void **state)
{
	static char text[5200] = "5000S,9C\n";
	struct box b;

	(void)state;
	box_open(&b);
	for (size_t len = strlen(text); len < sizeof text - 8; len += 4)
		memcpy(text + len, "1 1\n", 5);
	put(&b, "cur/1.x,S=1009:2,S", SPAN("x\n"));
	put(&b, "cur/2.x,S=77:2,ST", SPAN("x\n")); /* removed, for others */
	put(&b, "new/.hidden", SPAN("x\n"));
	put(&b, "maildirsize", span_of(text));
	CHECK_EQ(arrive(&b, "a\nb\n"), FAULT_NONE);
	check_file(&b, "maildirsize", "5000S,9C\n1013 2\n");
	CHECK_EQ(files_in(&b, "tmp"), 0);
	box_close(&b);
}

static void make_folder(const struct box *b, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "u/Maildir/%s", name);
	assert_true(mkdirat(b->root, path, 0700) == 0);
}

/* All folders count, but not the messages that others show as removed. */
static void test_the_quota_of_others_is_counted_when_asked_for(void **state)
{
	static const char *const folders[] = { ".Sent",    ".Sent/new",  ".Sent/cur",
					       ".Trash",   ".Trash/new", ".Trash/cur",
					       ".Empty",   "other",      "other/new",
					       "other/cur" };
	const struct store_quota octets = { .octets = 5000 },
				 both = { .octets = 5000, .messages = 70 },
				 messages = { .messages = 8 };
	struct why why = { 0 };
	struct box b;

	(void)state;
	box_open(&b);
	const struct store_opening o = arrival(&b);
	CHECK_EQ(store_recount(&o, &both, true, &why), FAULT_NONE); /* no mail yet */
	put(&b, "cur/1.x,S=1009:2,S", SPAN("x\n"));
	put(&b, "new/2.x", SPAN("123456\n"));
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		make_folder(&b, folders[i]);
	make_folder(&b, "tmp");
	put(&b, ".Sent/cur/3.x:2,S", SPAN("12\n"));
	put(&b, ".Sent/new/4.x:2,T", SPAN("12\n"));
	put(&b, ".Trash/new/5.x", SPAN("12\n"));
	put(&b, "other/new/6.x", SPAN("12\n"));
	put(&b, ".file", SPAN("12\n"));
	CHECK_EQ(store_recount(&o, &both, false, &why), FAULT_NONE);
	CHECK_EQ(store_recount(&o, &no_quota, true, &why), FAULT_NONE);
	CHECK(!there(&b, "maildirsize"));
	CHECK_EQ(store_recount(&o, &both, true, &why), FAULT_NONE);
	check_file(&b, "maildirsize", "5000S,70C\n1019 3\n");
	put(&b, "new/7.x", SPAN("1\n"));
	CHECK_EQ(store_recount(&o, &no_quota, false, &why), FAULT_NONE);
	check_file(&b, "maildirsize", "5000S,70C\n1021 4\n");
	CHECK_EQ(store_recount(&o, &octets, false, &why), FAULT_NONE);
	check_file(&b, "maildirsize", "5000S\n1021 4\n");
	CHECK_EQ(store_recount(&o, &messages, false, &why), FAULT_NONE);
	check_file(&b, "maildirsize", "8C\n1021 4\n");
	CHECK_EQ(files_in(&b, "tmp"), 0);
	assert_true(unlinkat(b.root, "u/Maildir/tmp", AT_REMOVEDIR) == 0);
	CHECK_EQ(store_recount(&o, &octets, false, &why), FAULT_SETUP);
	check_file(&b, "maildirsize", "8C\n1021 4\n");
	box_close(&b);
}

/* ---- the lock ---- */

static int hold_new(const struct box *b)
{
	int fd = openat(b->root, "u/Maildir/new", O_RDONLY | O_DIRECTORY);

	assert_true(fd >= 0 && flock(fd, LOCK_EX) == 0);
	return fd;
}

static void test_nobody_holds_up_deliveries_for_ever(void **state)
{
	static const struct store_quota quota = { .messages = 10 };
	struct store_delivered out;
	struct box b;

	(void)state;
	box_open(&b);
	CHECK_EQ(arrive(&b, "x\n"), FAULT_NONE);
	int held = hold_new(&b);
	CHECK_EQ(arrive(&b, "without a quota\n"), FAULT_NONE);
	time_passes_s = 4; /* with each wait */
	waits = 0;
	CHECK_EQ(arrive_within(&b, SPAN("x\n"), &quota, &out), FAULT_BUSY);
	time_passes_s = 0;
	CHECK(waits >= 1 && waits <= 3);
	CHECK_EQ(files_in(&b, "new"), 2);
	CHECK_EQ(files_in(&b, "tmp"), 0);
	close(held);
	CHECK_EQ(arrive_within(&b, SPAN("x\n"), &quota, &out), FAULT_NONE);
	box_close(&b);
}

struct holder {
	struct box *box;
	int held;
	enum fault fault;
};

static void *deliver_with_quota(void *arg)
{
	static const struct store_quota quota = { .messages = 10 };
	struct holder *h = arg;
	struct store_delivered out;

	h->fault = arrive_within(h->box, SPAN("x\n"), &quota, &out);
	return NULL;
}

/* No limit of waiting sessions (none may wait here) concerns deliveries. */
static void test_a_delivery_waits_for_the_lock(void **state)
{
	struct box b;

	(void)state;
	box_open(&b);
	store_locks_free(b.locks);
	b.locks = store_locks_new(0, 0);
	CHECK_EQ(arrive(&b, "x\n"), FAULT_NONE);
	for (int i = 0; i < 5; i++) {
		struct holder h = { &b, hold_new(&b), FAULT_NONE };
		pthread_t thread;

		assert_true(pthread_create(&thread, NULL, deliver_with_quota, &h) == 0);
		while (i % 2 && files_in(&b, "tmp") == 0)
			sched_yield();
		close(h.held);
		store_lock_released(b.locks);
		pthread_join(thread, NULL);
		CHECK_EQ(h.fault, FAULT_NONE);
	}
	CHECK_EQ(files_in(&b, "new"), 6);
	box_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_name_has_time_process_counter_and_host),
		TEST(test_names_ascend_and_never_come_again),
		TEST(test_numbers_follow_each_other_from_one_at_random),
		TEST(test_the_name_states_both_sizes),
		TEST(test_file_and_folder_are_synced_before_success),
		TEST(test_new_folders_are_synced),
		TEST(test_the_lock_of_deliveries_is_not_kept_during_a_sync),
		TEST(test_what_can_not_be_synced_does_not_stay),
		TEST(test_a_folder_that_takes_no_file),
		TEST(test_a_delivery_that_is_killed_at_any_call),
		TEST(test_a_session_between_any_two_calls),
		TEST(test_old_files_in_tmp_go_within_some_deliveries),
		TEST(test_one_delivery_of_32_looks_for_leftovers),
		TEST(test_the_quota_of_others_is_told_what_came),
		TEST(test_a_quota_of_others_that_is_too_long_is_written_anew),
		TEST(test_the_quota_of_others_is_counted_when_asked_for),
		TEST(test_nobody_holds_up_deliveries_for_ever),
		TEST(test_a_delivery_waits_for_the_lock),
	};

	if (!store_start())
		return 1;
	return RUN(tests);
}
