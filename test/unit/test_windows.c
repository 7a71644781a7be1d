/* Promises of dropd/windows: in which form a front gets the octets of a file, so that
 * it never waits for a file system, and that memory is used again. The test answers
 * preadv2(2), and so decides what the file system supports. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "base/own.h"
#include "dropd/windows.h"
#include "store/store.h"
#include "sys/file.h"

enum { FILE_OCTETS = 200000, BODIES_OCTETS = 262144, LISTING_OCTETS = 65536 };

static struct {
	int error;         /* of preadv2; 0: it finds an octet */
	unsigned asked;    /* number of calls of preadv2 */
	bool lacks_memory; /* memfd_create fails */
	bool lacks_room;   /* mmap fails */
	unsigned made;     /* number of calls of memfd_create */
	uint64_t device;   /* another one for each test: windows remember the last */
	struct windows w;
	char path[64];
} world;

ssize_t __wrap_preadv64v2(int fd, const struct iovec *v, int count, off_t at,
			  int flags);
ssize_t __wrap_preadv64v2(int fd, const struct iovec *v, int count, off_t at, int flags)
{
	(void)fd, (void)at;
	CHECK(count == 1 && v->iov_len == 1);
	CHECK_EQ(flags, RWF_NOWAIT);
	world.asked++;
	errno = world.error;
	return world.error ? -1 : 1;
}

int __real_memfd_create(const char *name, unsigned flags);
int __wrap_memfd_create(const char *name, unsigned flags);
int __wrap_memfd_create(const char *name, unsigned flags)
{
	world.made++;
	errno = ENOMEM;
	return world.lacks_memory ? -1 : __real_memfd_create(name, flags);
}

void *__real_mmap64(void *at, size_t len, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *at, size_t len, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	errno = EAGAIN;
	return world.lacks_room ? MAP_FAILED
				: __real_mmap64(at, len, prot, flags, fd, offset);
}

/* The octet at this place of a file. */
static char octet_at(uint64_t at)
{
	return (char)('a' + at % 23);
}

static int open_file(void)
{
	int fd = open(world.path, O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

/* A file on a file system without RWF_NOWAIT. */
static void world_begin(void)
{
	static char octets[FILE_OCTETS];
	static uint64_t device = 1000;

	memset(&world, 0, sizeof world);
	world.error = EOPNOTSUPP;
	world.device = ++device;
	strcpy(world.path, "/tmp/poplar-windows-XXXXXX");
	for (size_t i = 0; i < sizeof octets; i++)
		octets[i] = octet_at(i);
	OWN_FD fd = mkstemp(world.path);
	CHECK(fd >= 0 && write(fd, octets, sizeof octets) == (ssize_t)sizeof octets);
}

static void world_end(void)
{
	windows_close(&world.w);
	unlink(world.path);
}

static struct store_body body(uint64_t offset, uint64_t length)
{
	return (struct store_body){ .fd = open_file(),
				    .device = world.device,
				    .offset = offset,
				    .length = length };
}

/* The octets are those of the file from this place on. */
static void check_octets(const struct windows_given *g, uint64_t at)
{
	char *room = malloc(g->octets + 1);

	CHECK_EQ(pread(g->fd, room, g->octets, (off_t)g->offset), g->octets);
	for (uint64_t i = 0; i < g->octets; i++)
		CHECK(room[i] == octet_at(at + i));
	free(room);
}

static struct windows_given give(uint64_t offset, uint64_t length)
{
	struct windows_given g;
	struct why why = { 0 };
	const struct store_body b = body(offset, length);

	CHECK_EQ(windows_give(&world.w, &b, &g, &why), FAULT_NONE);
	CHECK_EQ(g.what, MESSAGE_GIVEN_WINDOW);
	CHECK(g.fd != b.fd);
	check_octets(&g, offset);
	close(b.fd);
	return g;
}

/* ---- which form ---- */

/* Where the front can ask for pages without waiting, it gets the file. */
static void test_a_body_is_given_as_file_memory_or_window(void **state)
{
	static const struct {
		int error;
		bool in_memory;
		enum message_given what;
	} cases[] = {
		{ 0, false, MESSAGE_GIVEN_FILE },
		{ EAGAIN, false, MESSAGE_GIVEN_FILE },
		{ EOPNOTSUPP, true, MESSAGE_GIVEN_MEMORY },
		{ EOPNOTSUPP, false, MESSAGE_GIVEN_WINDOW },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct windows_given g;
		struct why why = { 0 };

		world_begin();
		world.error = cases[i].error;
		struct store_body b = body(7, 100);
		if (cases[i].in_memory) {
			close(b.fd);
			b.fd = file_sealed("x", SPAN("in memory"));
		}
		CHECK_EQ(windows_give(&world.w, &b, &g, &why), FAULT_NONE);
		CHECK_EQ(g.what, cases[i].what);
		CHECK_EQ(g.fd == b.fd, g.what != MESSAGE_GIVEN_WINDOW);
		CHECK_EQ(g.octets, g.what == MESSAGE_GIVEN_WINDOW ? 100 : 0);
		CHECK_EQ(g.offset, g.what == MESSAGE_GIVEN_WINDOW ? 0 : 7);
		close(b.fd);
		world_end();
	}
}

/* A device is asked until it has pages, and then no more until another one comes. */
static void test_a_file_system_is_asked_once(void **state)
{
	struct windows_given g;
	struct why why = { 0 };

	(void)state;
	world_begin();
	give(0, 10);
	give(0, 10);
	CHECK_EQ(world.asked, 2);
	struct store_body b = body(0, 10);
	world.error = 0;
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(windows_give(&world.w, &b, &g, &why), FAULT_NONE);
		CHECK_EQ(g.what, MESSAGE_GIVEN_FILE);
	}
	CHECK_EQ(world.asked, 3);
	b.device += 1000000;
	world.error = EOPNOTSUPP;
	CHECK_EQ(windows_give(&world.w, &b, &g, &why), FAULT_NONE);
	CHECK_EQ(g.what, MESSAGE_GIVEN_WINDOW);
	CHECK_EQ(world.asked, 4);
	close(b.fd);
	world_end();
}

/* Device 0 is none: it is asked each time, though nothing is known at the start. */
static void test_no_device_is_never_a_known_one(void **state)
{
	(void)state;
	world_begin();
	world.device = 0;
	give(0, 10);
	CHECK_EQ(world.asked, 1);
	world_end();
}

/* ---- memory ---- */

/* The bodies of one answer lie one behind the other, those of the next where these did.
 */
static void test_the_bodies_of_an_answer_share_one_memory(void **state)
{
	(void)state;
	world_begin();
	for (int i = 0; i < 2; i++) {
		windows_begin(&world.w);
		const struct windows_given a = give(3, 1000), b = give(50, 2000),
					   c = give(9, 1);
		CHECK_EQ(a.offset, 0);
		CHECK_EQ(a.octets, 1000);
		CHECK_EQ(b.offset, 1000);
		CHECK_EQ(b.octets, 2000);
		CHECK_EQ(c.offset, 3000);
		CHECK(a.fd == b.fd && b.fd == c.fd);
		check_octets(&a, 3);
	}
	CHECK_EQ(world.made, 1);
	world_end();
}

static void test_a_body_without_room_is_given_in_part(void **state)
{
	(void)state;
	world_begin();
	CHECK_EQ(give(0, FILE_OCTETS).octets, FILE_OCTETS);
	CHECK_EQ(give(0, FILE_OCTETS).octets, BODIES_OCTETS - FILE_OCTETS);
	CHECK_EQ(give(0, FILE_OCTETS).octets, 0);
	windows_begin(&world.w);
	CHECK_EQ(give(0, FILE_OCTETS).octets, FILE_OCTETS);
	world_end();
}

/* Someone has cut the file: no octet of an earlier body takes the place of its end. */
static void test_a_file_that_is_too_short_gives_what_it_has(void **state)
{
	(void)state;
	world_begin();
	CHECK_EQ(give(FILE_OCTETS - 10, 50).octets, 10);
	CHECK_EQ(give(FILE_OCTETS + 10, 50).octets, 0);
	CHECK_EQ(give(0, 50).offset, 10);
	world_end();
}

/* Otherwise the front could shrink it, and the next copy would kill poplar-drop. */
static void test_the_front_cannot_change_the_size_of_the_memory(void **state)
{
	(void)state;
	world_begin();
	const struct windows_given g = give(0, 10);
	CHECK_EQ(ftruncate(g.fd, 0), -1);
	CHECK_EQ(ftruncate(g.fd, BODIES_OCTETS + 1), -1);
	CHECK_EQ(fcntl(g.fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	CHECK_EQ(lseek(g.fd, 0, SEEK_END), BODIES_OCTETS);
	world_end();
}

static void test_what_cannot_be_copied_has_a_fault(void **state)
{
	struct windows_given g;
	struct why why = { 0 };

	(void)state;
	world_begin();
	struct store_body b = body(0, 10);
	world.lacks_memory = true;
	CHECK_EQ(windows_give(&world.w, &b, &g, &why), FAULT_NOMEM);
	CHECK_EQ(why.sys, ENOMEM);
	world.lacks_memory = false;
	world.lacks_room = true;
	CHECK_EQ(windows_give(&world.w, &b, &g, &why), FAULT_NOMEM);
	CHECK_EQ(why.sys, EAGAIN);
	world.lacks_room = false;
	close(b.fd);
	b.fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_EQ(windows_give(&world.w, &b, &g, &why), FAULT_IO);
	CHECK_EQ(why.sys, EISDIR);
	close(b.fd);
	give(0, 10);
	world_end();
}

/* ---- the next windows of a body ---- */

static uint32_t opened; /* the last message that was opened; 0: none */

static void open_bodies(struct maildrop *m, uint32_t first, uint32_t count,
			struct store_body out[])
{
	(void)m;
	CHECK_EQ(count, 1);
	opened = first;
	*out = first <= 2 ? body(first, 1000)
			  : (struct store_body){ .fd = -1, .why.fault = FAULT_GONE };
}

static const struct store_kind kind = { .bodies = open_bodies };

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static enum fault next(uint32_t msg, uint64_t at, struct windows_given *out)
{
	struct maildrop m = { .kind = &kind };
	struct why why = { 0 };

	return windows_next(&world.w, &m, msg, at, out, &why);
}

static void test_the_next_window_is_of_the_file_that_is_kept(void **state)
{
	struct windows_given g;

	(void)state;
	world_begin();
	opened = 0;
	struct store_body b = body(5, FILE_OCTETS - 5);
	const int kept = b.fd;
	windows_keep(&world.w, 9, &b);
	CHECK_EQ(b.fd, -1);
	for (uint64_t at = 0; at < 3000; at += 1000) {
		CHECK_EQ(next(9, at, &g), FAULT_NONE);
		CHECK_EQ(g.what, MESSAGE_GIVEN_WINDOW);
		CHECK_EQ(g.offset, 0);
		CHECK_EQ(g.octets, FILE_OCTETS - 5 - at);
		check_octets(&g, 5 + at);
	}
	CHECK_EQ(opened, 0);
	CHECK_EQ(world.made, 1);
	windows_close(&world.w);
	CHECK(!is_open(kept) && !is_open(g.fd));
	world_end();
}

static void test_another_message_is_opened_and_takes_its_place(void **state)
{
	struct windows_given g;

	(void)state;
	world_begin();
	CHECK_EQ(next(1, 0, &g), FAULT_NONE);
	CHECK_EQ(opened, 1);
	check_octets(&g, 1);
	const int first = world.w.body.fd;
	CHECK_EQ(next(2, 10, &g), FAULT_NONE);
	CHECK_EQ(opened, 2);
	CHECK_EQ(g.octets, 990);
	check_octets(&g, 12);
	CHECK(!is_open(first) || world.w.body.fd == first);
	CHECK_EQ(next(3, 0, &g), FAULT_GONE);
	opened = 0;
	CHECK_EQ(next(2, 0, &g), FAULT_NONE);
	CHECK_EQ(opened, 0);
	world_end();
}

static void test_a_window_begins_within_the_message(void **state)
{
	static const struct {
		uint64_t at, octets;
		enum fault fault;
	} cases[] = {
		{ 0, 1000, FAULT_NONE },       { 999, 1, FAULT_NONE },
		{ 1000, 0, FAULT_NONE },       { 1001, 0, FAULT_PEER },
		{ UINT64_MAX, 0, FAULT_PEER },
	};
	struct windows_given g;

	(void)state;
	world_begin();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CHECK_EQ(next(1, cases[i].at, &g), cases[i].fault);
		if (cases[i].fault == FAULT_NONE)
			CHECK_EQ(g.octets, cases[i].octets);
	}
	world_end();
}

/* ---- the listing ---- */

static struct windows_given give_listing(const struct store_listing *l, uint64_t at)
{
	struct windows_given g;
	struct why why = { 0 };

	CHECK_EQ(windows_listing(l, at, &g, &why), FAULT_NONE);
	return g;
}

static void test_the_listing_is_given_as_file_memory_or_window(void **state)
{
	(void)state;
	world_begin();
	const struct store_listing on_disk = { .fd = open_file(),
					       .device = world.device };
	const struct store_listing in_memory = { .fd = file_sealed("x", SPAN("x")),
						 .device = world.device };
	struct windows_given g = give_listing(&in_memory, 0);
	CHECK_EQ(g.what, MESSAGE_GIVEN_MEMORY);
	CHECK_EQ(g.fd, in_memory.fd);
	for (uint64_t at = 0; at < 3 * LISTING_OCTETS; at += LISTING_OCTETS - 1) {
		g = give_listing(&on_disk, at);
		CHECK_EQ(g.what, MESSAGE_GIVEN_WINDOW);
		CHECK_EQ(g.octets, at + LISTING_OCTETS < FILE_OCTETS
					   ? LISTING_OCTETS
					   : FILE_OCTETS - at);
		CHECK(g.fd != on_disk.fd);
		check_octets(&g, at);
		CHECK_EQ(lseek(g.fd, 0, SEEK_END), g.octets);
		CHECK_EQ(pwrite(g.fd, "x", 1, 0), -1);
		close(g.fd);
	}
	world.error = 0;
	g = give_listing(&on_disk, 0);
	CHECK_EQ(g.what, MESSAGE_GIVEN_FILE);
	CHECK_EQ(g.fd, on_disk.fd);
	CHECK_EQ(g.octets, 0);
	close(on_disk.fd);
	close(in_memory.fd);
	world_end();
}

static void test_a_listing_that_cannot_be_copied_has_a_fault(void **state)
{
	struct windows_given g;
	struct why why = { 0 };

	(void)state;
	world_begin();
	struct store_listing l = { .fd = open_file(), .device = world.device };
	world.lacks_memory = true;
	CHECK_EQ(windows_listing(&l, 0, &g, &why), FAULT_NOMEM);
	close(l.fd);
	l.fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_EQ(windows_listing(&l, 0, &g, &why), FAULT_IO);
	close(l.fd);
	world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_device_is_never_a_known_one),
		TEST(test_a_body_is_given_as_file_memory_or_window),
		TEST(test_a_file_system_is_asked_once),
		TEST(test_the_bodies_of_an_answer_share_one_memory),
		TEST(test_a_body_without_room_is_given_in_part),
		TEST(test_a_file_that_is_too_short_gives_what_it_has),
		TEST(test_the_front_cannot_change_the_size_of_the_memory),
		TEST(test_what_cannot_be_copied_has_a_fault),
		TEST(test_the_next_window_is_of_the_file_that_is_kept),
		TEST(test_another_message_is_opened_and_takes_its_place),
		TEST(test_a_window_begins_within_the_message),
		TEST(test_the_listing_is_given_as_file_memory_or_window),
		TEST(test_a_listing_that_cannot_be_copied_has_a_fault),
	};

	return RUN(tests);
}
