/* Promises of front/reader: what can be had without waiting is had, what cannot is
 * asked for, for each descriptor on its own. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "front/reader.h"
#include "sys/file.h"

static const char text[] = "0123456789abcdef";
enum { LEN = sizeof text - 1 };

/* ---- calls of the kernel ---- */

static unsigned interruptions; /* how many of the next reads are interrupted */

static bool is_interrupted(void)
{
	errno = EINTR;
	return interruptions > 0 && interruptions-- > 0;
}

ssize_t __real_pread64(int fd, void *out, size_t len, off_t at);
ssize_t __wrap_pread64(int fd, void *out, size_t len, off_t at);
ssize_t __wrap_pread64(int fd, void *out, size_t len, off_t at)
{
	return is_interrupted() ? -1 : __real_pread64(fd, out, len, at);
}

/* Files that stand for such on a file system with RWF_NOWAIT. */
static int good_file = -1;
static bool is_cold; /* its pages are not in memory */

ssize_t __real_preadv64v2(int fd, const struct iovec *io, int count, off_t at,
			  int flags);
ssize_t __wrap_preadv64v2(int fd, const struct iovec *io, int count, off_t at,
			  int flags);
ssize_t __wrap_preadv64v2(int fd, const struct iovec *io, int count, off_t at,
			  int flags)
{
	if (fd != good_file)
		return __real_preadv64v2(fd, io, count, at, flags);
	CHECK(count == 1 && flags == RWF_NOWAIT);
	if (is_interrupted())
		return -1;
	errno = is_cold ? EAGAIN : EOPNOTSUPP; /* of this call, or of one before */
	return is_cold ? -1 : __real_pread64(fd, io->iov_base, io->iov_len, at);
}

static int memory(const char *octets, size_t len)
{
	int fd = file_sealed("test", (struct span){ octets, len });

	CHECK(fd >= 0);
	return fd;
}

/* A file of the folder in which the test runs, whatever its file system; not in memory
 * as far as that can be had. */
static int file(void)
{
	char name[] = "reader-XXXXXX";
	int fd = mkstemp(name);

	CHECK(fd >= 0);
	unlink(name);
	CHECK_EQ(write(fd, text, LEN), LEN);
	CHECK_EQ(fsync(fd), 0);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	return fd;
}

/* One that the kernel has no page cache for. */
static int odd_file(void)
{
	int fd = open("/proc/version", O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

static void open_kind(struct reader *r, int fd, enum reader_kind kind)
{
	const struct reader_given given = { fd, kind, 0, LEN };

	reader_open(r, 7, &given);
}

static void check_read(struct reader *r, uint64_t at, size_t len, const char *expected)
{
	char out[64];
	ssize_t n = reader_read(r, at, out, 1, len);

	CHECK_EQ(n, strlen(expected));
	CHECK_EQ(memcmp(out, expected, (size_t)n), 0);
}

static void check_not_at_hand(struct reader *r, uint64_t at, size_t least)
{
	char out[64];

	errno = 0;
	CHECK_EQ(reader_read(r, at, out, least, sizeof out), -1);
	CHECK_EQ(errno, EAGAIN);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void test_memory_is_read(void **state)
{
	struct reader r;

	(void)state;
	open_kind(&r, memory(text, LEN), READER_MEMORY);
	check_read(&r, 0, 4, "0123");
	check_read(&r, 14, 9, "ef");
	check_read(&r, LEN, 9, "");
	CHECK(reader_sends(&r));
	reader_close(&r);
	const struct reader_given inner = { memory(text, LEN), READER_MEMORY, 10, 0 };
	reader_open(&r, 7, &inner);
	check_read(&r, 1, 3, "bcd");
	reader_close(&r);
	CHECK(!is_open(inner.fd));
}

/* Where it is none, no octet is read, and the descriptor is not kept. */
static void test_what_is_called_memory_is_looked_at(void **state)
{
	static const enum reader_kind kinds[] = { READER_MEMORY, READER_WINDOW };
	struct reader r;

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		int fd = odd_file();

		open_kind(&r, fd, kinds[i]);
		check_not_at_hand(&r, 0, 1);
		CHECK(!is_open(fd));
		CHECK(!reader_sends(&r));
		CHECK_EQ(reader_wants(&r), READER_WANTS_WINDOW);
		const struct reader_given lie = { odd_file(), kinds[i], 0, LEN };
		reader_take(&r, 0, &lie);
		check_not_at_hand(&r, 0, 1);
		CHECK(!is_open(lie.fd));
		reader_close(&r);
	}
}

/* A file that cannot be read without waiting is not read, and changes nothing for the
 * next. */
static void test_each_descriptor_is_judged_on_its_own(void **state)
{
	struct reader odd, good;
	int fd = odd_file();

	(void)state;
	open_kind(&odd, fd, READER_FILE);
	check_not_at_hand(&odd, 0, 1);
	CHECK(!is_open(fd));
	CHECK_EQ(reader_wants(&odd), READER_WANTS_WINDOW);
	open_kind(&good, memory(text, LEN), READER_FILE); /* it finds out by itself */
	check_read(&good, 3, 3, "345");
	CHECK_EQ(good.kind, READER_MEMORY);
	good.no_sendfile = true;
	CHECK(!reader_sends(&good));
	const struct reader_given window = { memory("xyz", 3), READER_WINDOW, 0, 3 };
	reader_take(&odd, 5, &window);
	check_read(&odd, 5, 9, "xyz");
	reader_close(&odd);
	reader_close(&good);
}

static void test_windows(void **state)
{
	const struct reader_given first = { memory("..0123..", 8), READER_WINDOW, 2,
					    4 };
	struct reader r;

	(void)state;
	reader_open(&r, 7, &first);
	check_read(&r, 0, 9, "0123");
	check_read(&r, 1, 2, "12");
	check_not_at_hand(&r, 4, 1); /* it was not asked for: there may be more */
	check_not_at_hand(&r, 2, 3);
	check_not_at_hand(&r, 9, 1);
	CHECK_EQ(reader_wants(&r), READER_WANTS_WINDOW);
	const struct reader_given next = { memory("4567", 4), READER_WINDOW, 0, 4 };
	reader_take(&r, 4, &next);
	CHECK(!is_open(first.fd));
	CHECK_EQ(r.msg, 7);
	check_read(&r, 4, 9, "4567");
	check_read(&r, 7, 9, "7");
	check_not_at_hand(&r, 3, 1);
	check_not_at_hand(&r, 8, 1);
	check_not_at_hand(&r, 6, 4);
	/* What was asked for from there on and is too little is the end. */
	const struct reader_given end = { memory("8", 1), READER_WINDOW, 0, 1 };
	reader_take(&r, 8, &end);
	char out[8];
	CHECK_EQ(reader_read(&r, 8, out, 4, sizeof out), 1);
	const struct reader_given none = { memory("", 0), READER_WINDOW, 0, 0 };
	reader_take(&r, 9, &none);
	check_read(&r, 9, 9, "");
	reader_close(&r);
	CHECK(!is_open(none.fd));
}

/* A window of no octets, as there was no room for more, is not the end. */
static void test_an_empty_window_that_nobody_asked_for(void **state)
{
	const struct reader_given given = { memory("", 0), READER_WINDOW, 0, 0 };
	struct reader r;

	(void)state;
	reader_open(&r, 7, &given);
	check_not_at_hand(&r, 0, 1);
	reader_close(&r);
}

/* Pages are asked for, but not for ever: where they go again before they are read,
 * copies are. */
static void test_pages_that_do_not_stay(void **state)
{
	struct reader r;
	char out[8];
	int fd = file();

	(void)state;
	open_kind(&r, fd, READER_FILE);
	errno = 0;
	if (reader_read(&r, 0, out, 1, sizeof out) >= 0 || !is_open(fd)) {
		reader_close(&r);
		skip(); /* no file system that can be asked, or one that keeps pages */
	}
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(reader_wants(&r), READER_WANTS_PAGES);
	CHECK(is_open(fd));
	CHECK_EQ(pread(fd, out, sizeof out, 0), sizeof out); /* as poplar-drop does */
	check_read(&r, 0, 4, "0123");
	for (int i = 0; i < 2; i++)
		CHECK_EQ(reader_wants(&r), READER_WANTS_PAGES);
	CHECK_EQ(reader_wants(&r), READER_WANTS_WINDOW);
	CHECK(!is_open(fd));
	check_not_at_hand(&r, 0, 1);
	reader_close(&r);
}

/* ... and so, whatever the file system. */
static void test_a_file_with_pages_and_without(void **state)
{
	struct reader r;

	(void)state;
	good_file = memory(text, LEN);
	is_cold = true;
	open_kind(&r, good_file, READER_FILE);
	CHECK(reader_sends(&r));
	check_not_at_hand(&r, 0, 1);
	for (int i = 0; i < 2; i++)
		CHECK_EQ(reader_wants(&r), READER_WANTS_PAGES);
	is_cold = false;
	check_read(&r, 0, 4, "0123"); /* they have come: the count begins anew */
	for (int i = 0; i < 2; i++)
		CHECK_EQ(reader_wants(&r), READER_WANTS_PAGES);
	check_read(&r, LEN, 4, ""); /* so has the end */
	CHECK_EQ(r.kind, READER_FILE);
	for (int i = 0; i < 2; i++)
		CHECK_EQ(reader_wants(&r), READER_WANTS_PAGES);
	CHECK_EQ(reader_wants(&r), READER_WANTS_WINDOW);
	CHECK(!is_open(good_file));
	good_file = -1;
	reader_close(&r);
}

static void test_an_interrupted_read_is_made_again(void **state)
{
	struct reader r;

	(void)state;
	good_file = memory(text, LEN);
	open_kind(&r, good_file, READER_FILE);
	interruptions = 2;
	check_read(&r, 3, 3, "345");
	CHECK_EQ(interruptions, 0);
	good_file = -1;
	reader_close(&r);
	open_kind(&r, memory(text, LEN), READER_MEMORY);
	interruptions = 2;
	check_read(&r, 3, 3, "345");
	CHECK_EQ(interruptions, 0);
	check_read(&r, LEN, 3, "");
	reader_close(&r);
}

static void test_a_closed_reader_reads_nothing(void **state)
{
	struct reader r;
	char out[8];

	(void)state;
	open_kind(&r, memory(text, LEN), READER_MEMORY);
	reader_close(&r);
	reader_close(&r);
	CHECK(!reader_sends(&r));
	CHECK_EQ(reader_read(&r, 0, out, 1, sizeof out), -1);
	CHECK_EQ(errno, EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_memory_is_read),
		TEST(test_what_is_called_memory_is_looked_at),
		TEST(test_each_descriptor_is_judged_on_its_own),
		TEST(test_windows),
		TEST(test_an_empty_window_that_nobody_asked_for),
		TEST(test_pages_that_do_not_stay),
		TEST(test_a_file_with_pages_and_without),
		TEST(test_an_interrupted_read_is_made_again),
		TEST(test_a_closed_reader_reads_nothing),
	};

	return RUN(tests);
}
