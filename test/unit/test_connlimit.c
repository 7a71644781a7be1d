/* Promises of sys/connlimit: never too many from one address, whoever counts. */
#include "check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/siphash.h"
#include "sys/connlimit.h"

enum { FRONTS = 4 };

static struct address address(const char *text)
{
	struct address a;

	assert_true(address_parse(span_of(text), &a));
	return a;
}

/* The same table as FRONTS processes would have it open. */
static void open_all(struct connlimit fronts[FRONTS], int *out_fd)
{
	CHECK_EQ(connlimit_make(out_fd, NULL), FAULT_NONE);
	for (unsigned i = 0; i < FRONTS; i++)
		CHECK(connlimit_open(&fronts[i], *out_fd, i));
}

static void close_all(struct connlimit fronts[FRONTS], int fd)
{
	for (unsigned i = 0; i < FRONTS; i++)
		connlimit_close(&fronts[i]);
	close(fd);
}

/* From the reference implementation: key 00 01 .. 0f, input 00 01 .. of these lengths.
 */
static void test_siphash_is_the_published_one(void **state)
{
	static const struct {
		size_t len;
		uint64_t hash;
	} cases[] = {
		{ 0, 0x726fdb47dd0e0e31 },
		{ 1, 0x74f839c593dc67fd },
		{ 8, 0x93f5f5799a932462 },
		{ 15, 0xa129ca6149be45e5 },
	};
	unsigned char octets[16];

	(void)state;
	for (unsigned char i = 0; i < sizeof octets; i++)
		octets[i] = i;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK_EQ(siphash(octets, (struct span){ (char *)octets, cases[i].len }),
			 cases[i].hash);
}

static void test_who_counts_as_one(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "192.0.2.1", "::ffff:192.0.2.1", true },
		{ "2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", true },
		{ "2001:db8:0:1::1", "2001:db8:0:2::1", false },
	};
	struct connlimit fronts[FRONTS];
	int fd;

	(void)state;
	open_all(fronts, &fd);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct address a = address(cases[i].a), b = address(cases[i].b);

		CHECK(connlimit_key(&fronts[0], &a) != 0);
		CHECK_EQ(connlimit_key(&fronts[0], &a) == connlimit_key(&fronts[1], &b),
			 cases[i].same);
	}
	close_all(fronts, fd);
}

/* Two tables, two keys: what was learnt of one is no use with another. */
static void test_the_key_is_random(void **state)
{
	struct connlimit a[FRONTS], b[FRONTS];
	struct address one = address("192.0.2.1");
	int fd[2];

	(void)state;
	open_all(a, &fd[0]);
	open_all(b, &fd[1]);
	CHECK(connlimit_key(&a[0], &one) != connlimit_key(&b[0], &one));
	close_all(a, fd[0]);
	close_all(b, fd[1]);
}

static void test_the_limit_is_over_all(void **state)
{
	struct connlimit fronts[FRONTS];
	struct address a = address("192.0.2.1"), b = address("192.0.2.2");
	int fd;

	(void)state;
	open_all(fronts, &fd);
	uint64_t key = connlimit_key(&fronts[0], &a),
		 other = connlimit_key(&fronts[0], &b);
	for (unsigned i = 0; i < 10; i++)
		CHECK_EQ(connlimit_add_from(&fronts[i % FRONTS], key, 10),
			 CONNLIMIT_COUNTED);
	for (unsigned i = 0; i < FRONTS; i++) {
		CHECK_EQ(connlimit_add_from(&fronts[i], key, 10), CONNLIMIT_MANY);
		CHECK_EQ(connlimit_add_from(&fronts[i], other, 10), CONNLIMIT_COUNTED);
	}
	connlimit_remove_from(&fronts[1], key);
	CHECK_EQ(connlimit_add_from(&fronts[3], key, 10), CONNLIMIT_COUNTED);
	CHECK_EQ(connlimit_add_from(&fronts[1], key, 10), CONNLIMIT_MANY);
	close_all(fronts, fd);
}

/* Every one that comes goes, and nothing stays. */
static void test_nothing_is_left_over(void **state)
{
	struct connlimit fronts[FRONTS];
	struct address a = address("2001:db8::1");
	int fd;

	(void)state;
	open_all(fronts, &fd);
	uint64_t key = connlimit_key(&fronts[0], &a);
	for (int i = 0; i < 100000; i++) {
		CHECK_EQ(connlimit_add_from(&fronts[i % FRONTS], key, 1),
			 CONNLIMIT_COUNTED);
		CHECK_EQ(connlimit_add_from(&fronts[(i + 1) % FRONTS], key, 1),
			 CONNLIMIT_MANY);
		connlimit_remove_from(&fronts[i % FRONTS], key);
	}
	connlimit_remove_from(&fronts[0], key); /* one too many does no harm */
	CHECK_EQ(connlimit_add_from(&fronts[0], key, 1), CONNLIMIT_COUNTED);
	close_all(fronts, fd);
}

static void test_the_column_of_the_dead_is_cleared(void **state)
{
	struct connlimit fronts[FRONTS];
	struct address a = address("192.0.2.1");
	int fd;

	(void)state;
	open_all(fronts, &fd);
	uint64_t key = connlimit_key(&fronts[0], &a);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(connlimit_add_from(&fronts[1], key, 5), CONNLIMIT_COUNTED);
		if (i < 2)
			CHECK_EQ(connlimit_add_from(&fronts[2], key, 5),
				 CONNLIMIT_COUNTED);
	}
	CHECK_EQ(connlimit_add_from(&fronts[0], key, 5), CONNLIMIT_MANY);
	connlimit_clear(&fronts[0], 1);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(connlimit_add_from(&fronts[0], key, 5), CONNLIMIT_COUNTED);
	CHECK_EQ(connlimit_add_from(&fronts[1], key, 5), CONNLIMIT_MANY);
	connlimit_clear(&fronts[0],
			CONNLIMIT_COLUMNS); /* there is none: nothing happens */
	close_all(fronts, fd);
}

/* All connections together, whoever has them, and whoever dies. */
static void test_the_limit_on_all(void **state)
{
	struct connlimit fronts[FRONTS];
	int fd;

	(void)state;
	open_all(fronts, &fd);
	for (unsigned i = 0; i < 10; i++)
		CHECK(connlimit_add(&fronts[i % FRONTS], 10));
	for (unsigned i = 0; i < FRONTS; i++)
		CHECK(!connlimit_add(&fronts[i], 10));
	connlimit_remove(&fronts[2]);
	CHECK(connlimit_add(&fronts[3], 10));
	CHECK(!connlimit_add(&fronts[0], 10));
	connlimit_clear(&fronts[0], 1); /* it had three */
	for (unsigned i = 0; i < 3; i++)
		CHECK(connlimit_add(&fronts[0], 10));
	CHECK(!connlimit_add(&fronts[1], 10));
	CHECK(!connlimit_add(&fronts[1], 0));
	close_all(fronts, fd);
}

/* Memory is bounded: an address too many is served, not counted, and hurts nobody who
 * is. */
static void test_a_full_table(void **state)
{
	struct connlimit fronts[FRONTS];
	struct address first = address("192.0.2.1"), a = address("10.0.0.0");
	unsigned counted = 0, full = 0;
	int fd;

	(void)state;
	open_all(fronts, &fd);
	uint64_t key = connlimit_key(&fronts[0], &first);
	CHECK_EQ(connlimit_add_from(&fronts[0], key, 2), CONNLIMIT_COUNTED);
	for (unsigned i = 0; i < 4 * CONNLIMIT_PLACES; i++) {
		memcpy(a.octets + 1, &(uint32_t){ i }, 3);
		enum connlimit_got got = connlimit_add_from(
			&fronts[0], connlimit_key(&fronts[0], &a), CONNLIMIT_MOST);

		CHECK(got != CONNLIMIT_MANY);
		counted += got == CONNLIMIT_COUNTED;
		full += got == CONNLIMIT_FULL;
	}
	CHECK(counted >= CONNLIMIT_PLACES - 1 && full > 0);
	CHECK_EQ(connlimit_add_from(&fronts[1], key, 2), CONNLIMIT_COUNTED);
	CHECK_EQ(connlimit_add_from(&fronts[1], key, 2), CONNLIMIT_MANY);
	close_all(fronts, fd);
}

/* Few addresses, as many as a front serves at most, all find a place. */
static void test_as_many_as_a_front_serves_find_a_place(void **state)
{
	struct connlimit fronts[FRONTS];
	struct address a = address("10.0.0.0");
	unsigned full = 0;
	int fd;

	(void)state;
	open_all(fronts, &fd);
	for (unsigned i = 0; i < 20000; i++) {
		memcpy(a.octets + 1, &(uint32_t){ i }, 3);
		full += connlimit_add_from(&fronts[0], connlimit_key(&fronts[0], &a),
					   1) == CONNLIMIT_FULL;
	}
	CHECK(full < 20);
	close_all(fronts, fd);
}

/* Processes that come and go at the same address never are more than the limit, as each
 * sees when it is in: it counts itself in a byte of its own, and adds up all. */
static int come_and_go(int fd, unsigned column, volatile unsigned char *inside)
{
	struct address a = address("192.0.2.1");
	struct connlimit c;

	if (!connlimit_open(&c, fd, column))
		return 1;
	uint64_t key = connlimit_key(&c, &a);
	for (int i = 0; i < 50000; i++) {
		if (connlimit_add_from(&c, key, 2) != CONNLIMIT_COUNTED)
			continue;
		__atomic_store_n(&inside[column], 1, __ATOMIC_SEQ_CST);
		int now = 0;
		for (unsigned k = 0; k < FRONTS; k++)
			now += __atomic_load_n(&inside[k], __ATOMIC_SEQ_CST);
		if (now > 2)
			return 2;
		__atomic_store_n(&inside[column], 0, __ATOMIC_SEQ_CST);
		connlimit_remove_from(&c, key);
	}
	return 0;
}

static void test_many_at_once_are_never_too_many(void **state)
{
	unsigned char *inside = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[FRONTS];
	int fd, status;

	(void)state;
	assert_true(inside != MAP_FAILED);
	CHECK_EQ(connlimit_make(&fd, NULL), FAULT_NONE);
	for (unsigned i = 0; i < FRONTS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			_exit(come_and_go(fd, i, inside));
	}
	for (unsigned i = 0; i < FRONTS; i++) {
		assert_true(waitpid(pids[i], &status, 0) == pids[i]);
		CHECK_EQ(status, 0);
	}
	munmap(inside, 4096);
	close(fd);
}

/* A process that was captured cannot take the table from under the others. */
static void test_its_size_is_sealed(void **state)
{
	struct connlimit c;
	int fd;

	(void)state;
	CHECK_EQ(connlimit_make(&fd, NULL), FAULT_NONE);
	CHECK(ftruncate(fd, 0) < 0);
	CHECK(ftruncate(fd, 1 << 30) < 0);
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) < 0);
	CHECK(!connlimit_open(&c, fd, CONNLIMIT_COLUMNS));
	close(fd);
	fd = open("/dev/null", O_RDWR);
	CHECK(!connlimit_open(&c, fd, 0));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_siphash_is_the_published_one),
		TEST(test_who_counts_as_one),
		TEST(test_the_key_is_random),
		TEST(test_the_limit_is_over_all),
		TEST(test_nothing_is_left_over),
		TEST(test_the_column_of_the_dead_is_cleared),
		TEST(test_the_limit_on_all),
		TEST(test_a_full_table),
		TEST(test_as_many_as_a_front_serves_find_a_place),
		TEST(test_many_at_once_are_never_too_many),
		TEST(test_its_size_is_sealed),
	};

	return RUN(tests);
}
