/* Promises of store/index.h and of the Maildir's measuring that need the kernel's help:
 * locks that others hold, and files that cannot be opened. */
#include "box.h"

#include <sys/file.h>

#include "store/indexhead.h"

static struct {
	int holder;     /* has the lock; unlocked at call number `unlock_at` */
	unsigned calls; /* of flock */
	unsigned unlock_at;
	unsigned interrupted; /* so many calls fail with EINTR */
	int open_error; /* of files in the folders of a Maildir; 0: they are opened */
	unsigned stats; /* calls of fstatat about files in the folders of a Maildir */
} world;

int __real_flock(int fd, int how);
int __wrap_flock(int fd, int how);
int __wrap_flock(int fd, int how)
{
	world.calls++;
	if (world.interrupted > 0) {
		world.interrupted--;
		errno = EINTR;
		return -1;
	}
	if (world.calls == world.unlock_at)
		CHECK_EQ(__real_flock(world.holder, LOCK_UN), 0);
	return __real_flock(fd, how);
}

static bool is_message(const char *path)
{
	return strncmp(path, "new/", 4) == 0 || strncmp(path, "cur/", 4) == 0;
}

int __real_file_open_beneath(int dir, const char *path, int flags);
int __wrap_file_open_beneath(int dir, const char *path, int flags);
int __wrap_file_open_beneath(int dir, const char *path, int flags)
{
	if (world.open_error == 0 || !is_message(path))
		return __real_file_open_beneath(dir, path, flags);
	errno = world.open_error;
	return -1;
}

int __real_fstatat64(int dir, const char *path, struct stat *st, int flags);
int __wrap_fstatat64(int dir, const char *path, struct stat *st, int flags);
int __wrap_fstatat64(int dir, const char *path, struct stat *st, int flags)
{
	world.stats += is_message(path);
	return __real_fstatat64(dir, path, st, flags);
}

/* ---- the lock ---- */

static int open_file(const struct box *b)
{
	const int fd = openat(b->root, "u/file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	return fd;
}

/* Somebody else holds the lock in this way. Returns another descriptor of the file. */
static int hold(struct box *b, int how)
{
	memset(&world, 0, sizeof world);
	box_open(b);
	world.holder = open_file(b);
	CHECK_EQ(__real_flock(world.holder, how), 0);
	return open_file(b);
}

static void let_go(struct box *b, int fd)
{
	close(fd);
	close(world.holder);
	box_close(b);
}

static void test_a_lock_is_waited_for_until_others_let_it_go(void **state)
{
	struct box b;

	(void)state;
	const int fd = hold(&b, LOCK_EX);
	world.unlock_at = 5;
	CHECK(index_lock(fd, LOCK_EX));
	CHECK_EQ(world.calls, 5);
	CHECK_EQ(__real_flock(world.holder, LOCK_EX | LOCK_NB), -1);
	let_go(&b, fd);
}

static void test_a_lock_that_others_keep_is_given_up_after_a_while(void **state)
{
	struct box b;

	(void)state;
	const int fd = hold(&b, LOCK_EX);
	CHECK(!index_lock(fd, LOCK_SH));
	CHECK_EQ(world.calls, 200);
	let_go(&b, fd);
}

static void test_a_lock_is_not_waited_for_on_demand(void **state)
{
	struct box b;

	(void)state;
	const int fd = hold(&b, LOCK_SH);
	CHECK(!index_lock(fd, LOCK_EX | LOCK_NB));
	CHECK_EQ(world.calls, 1);
	CHECK(index_lock(fd, LOCK_SH));
	CHECK_EQ(world.calls, 2);
	let_go(&b, fd);
}

static void test_a_signal_does_not_end_the_waiting_for_a_lock(void **state)
{
	struct box b;

	(void)state;
	const int fd = hold(&b, LOCK_SH);
	world.interrupted = 2;
	CHECK(index_lock(fd, LOCK_SH));
	CHECK_EQ(world.calls, 3);
	let_go(&b, fd);
}

static void test_a_file_that_takes_no_lock_is_not_waited_for(void **state)
{
	(void)state;
	memset(&world, 0, sizeof world);
	CHECK(!index_lock(-1, LOCK_EX));
	CHECK_EQ(errno, EBADF);
	CHECK_EQ(world.calls, 1);
}

/* ---- files that cannot be opened ---- */

/* A shortage of this process or of the machine says nothing of the messages: the login
 * fails, and is tried again. What one file lacks is that message's alone. */
static void test_a_shortage_ends_the_login_and_no_message(void **state)
{
	static const struct {
		int error;
		enum fault login, body;
	} cases[] = {
		{ EMFILE, FAULT_LIMIT, FAULT_NONE },
		{ ENFILE, FAULT_LIMIT, FAULT_NONE },
		{ ENOMEM, FAULT_NOMEM, FAULT_NONE },
		{ EACCES, FAULT_NONE, FAULT_SETUP },
		{ EIO, FAULT_NONE, FAULT_IO },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct maildrop *m;
		struct store_body body;
		struct box b;

		memset(&world, 0, sizeof world);
		box_open(&b);
		put(&b, "new/1.x", SPAN("x\n"));
		world.open_error = cases[i].error;
		const enum fault f = try_open(&b, &m);
		if (f != cases[i].login)
			fail_msg("row %zu: %s", i, fault_name(f));
		if (f == FAULT_NONE) {
			CHECK_EQ(m->listing.count, 1);
			CHECK_EQ(store_body(m, 1, &body, NULL), cases[i].body);
			store_close(m);
		}
		world.open_error = 0;
		m = open_box(&b);
		CHECK_EQ(m->listing.count, 1);
		store_close(m);
		box_close(&b);
	}
}

/* Whether it is what the index knows; not also whether a message of its base name has
 * replaced it, since none has. */
static void test_a_message_that_the_index_knows_is_looked_at_once(void **state)
{
	char name[16];
	struct box b;

	(void)state;
	memset(&world, 0, sizeof world);
	box_open(&b);
	for (int i = 10; i < 50; i++) {
		snprintf(name, sizeof name, "new/%d.x", i);
		put(&b, name, SPAN("x"));
	}
	settle(&b);
	store_close(open_box(&b));
	world.stats = 0;
	touch_folder(&b, "new");
	store_close(open_box(&b));
	CHECK_EQ(world.stats, 40);
	box_close(&b);
}

/* Two files share a base name, and the index knows both. One of them went after its
 * folder was read: the other must not count as its duplicate. */
static void test_a_known_file_that_is_gone_is_no_duplicate(void **state)
{
	static const char *const names[] = { "new/1.x", "cur/1.x:2,S" };
	static const struct scan_stamp nothing[SCAN_DIRS];

	(void)state;
	for (int gone = 0; gone < 3; gone++) {
		struct scan_seen seen;
		struct scan s = { 0 };
		struct why why;
		struct box b;
		bool replaced = true;

		memset(&world, 0, sizeof world);
		box_open(&b);
		put(&b, names[0], SPAN("x\n"));
		put(&b, names[1], SPAN("other\n"));
		OWN_FD dir = openat(b.root, "u/Maildir", O_RDONLY | O_DIRECTORY);
		CHECK_EQ(scan_read(dir, nothing, NULL, &s, &seen, &why), FAULT_NONE);
		CHECK_EQ(s.files.count, 2);
		for (uint32_t i = 0; i < 2; i++)
			s.files.at[i].measured = true;
		if (gone < 2)
			drop(&b, names[gone]);
		CHECK_EQ(scan_measure(dir, &s, false, DOWNGRADE_FULL, &replaced, &why),
			 FAULT_NONE);
		CHECK(!replaced);
		CHECK_EQ(s.files.count, gone < 2 ? 1 : 2);
		if (gone < 2)
			CHECK_TEXT(scan_path(&s, s.files.at), names[!gone]);
		scan_done(&s);
		box_close(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_lock_is_waited_for_until_others_let_it_go),
		TEST(test_a_lock_that_others_keep_is_given_up_after_a_while),
		TEST(test_a_lock_is_not_waited_for_on_demand),
		TEST(test_a_signal_does_not_end_the_waiting_for_a_lock),
		TEST(test_a_file_that_takes_no_lock_is_not_waited_for),
		TEST(test_a_shortage_ends_the_login_and_no_message),
		TEST(test_a_message_that_the_index_knows_is_looked_at_once),
		TEST(test_a_known_file_that_is_gone_is_no_duplicate),
	};

	return store_start() ? RUN(tests) : 1;
}
