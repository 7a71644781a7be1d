/* sys/connlimit.c - the connection limit table: connections of all fronts and of
 * poplar-lmtp, in total and for each address.
 *
 * Prefix: connlimit_.
 */
#include "sys/connlimit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/own.h"
#include "base/siphash.h"

/* A place has a tag, which is a part of the key, and a count, which is 0 if the place
 * is free. A bucket is one cache line. Two addresses of the same bucket have the same
 * tag, and count as one, with a probability of 1 in 65536. */
enum { BUCKET_PLACES = 16, BUCKETS = CONNLIMIT_PLACES / BUCKET_PLACES, PAGE = 4096 };

typedef _Atomic uint32_t place;

struct bucket {
	place at[BUCKET_PLACES];
};

struct connlimit_table {
	unsigned char key[SIPHASH_KEY_OCTETS];
	atomic_uint columns; /* used so far; those behind them are empty */
	atomic_uint all[CONNLIMIT_COLUMNS]; /* connections of each column */
	_Alignas(PAGE) struct bucket at[CONNLIMIT_COLUMNS][BUCKETS];
};

enum { COUNT_BITS = 16, COUNT_MASK = (1 << COUNT_BITS) - 1 };
_Static_assert((int)CONNLIMIT_MOST < (int)COUNT_MASK,
	       "one more than the limit can be counted");

enum fault connlimit_make(int *out_fd, struct why *why)
{
	unsigned char key[SIPHASH_KEY_OCTETS];
	OWN_FD fd = memfd_create("connlimit", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	/* a process that could shrink it would kill its readers */
	if (fd < 0 || ftruncate(fd, sizeof(struct connlimit_table)) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0 ||
	    getrandom(key, sizeof key, 0) != (ssize_t)sizeof key ||
	    pwrite(fd, key, sizeof key, offsetof(struct connlimit_table, key)) !=
		    (ssize_t)sizeof key)
		return fault_set(why, FAULT_NOMEM, errno, "make table of connections",
				 NULL);
	*out_fd = TAKE_FD(fd);
	return FAULT_NONE;
}

bool connlimit_open(struct connlimit *c, int fd, uint64_t column)
{
	struct stat st;

	if (column >= CONNLIMIT_COLUMNS || fstat(fd, &st) < 0 ||
	    st.st_size != (off_t)sizeof(struct connlimit_table))
		return false;
	void *at = mmap(NULL, sizeof(struct connlimit_table), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (at == MAP_FAILED)
		return false;
	*c = (struct connlimit){ at, (unsigned)column };
	return true;
}

void connlimit_close(struct connlimit *c)
{
	if (c->table)
		munmap(c->table, sizeof *c->table);
	*c = (struct connlimit){ 0 };
}

/* Gives the memory back to the kernel: it reads as zero afterwards. */
void connlimit_clear(const struct connlimit *c, unsigned column)
{
	if (column >= CONNLIMIT_COLUMNS)
		return;
	atomic_store(&c->table->all[column], 0);
	madvise(c->table->at[column], sizeof c->table->at[column], MADV_REMOVE);
}

uint64_t connlimit_key(const struct connlimit *c, const struct address *a)
{
	enum { IPV6_COUNTED = 8, IPV4_WHOLE = 4 };
	size_t len = a->bits == 128 ? IPV6_COUNTED : IPV4_WHOLE;
	const struct span counted = { (const char *)a->octets, len };

	return siphash(c->table->key, counted) | UINT64_C(1) << 32;
}

/* ---- places: bits 0 to 11 of a key choose the bucket, 48 to 63 are the tag ---- */

static uint32_t tag_of(uint64_t key)
{
	return (uint32_t)(key >> 48) << COUNT_BITS;
}

static bool is_at(uint32_t value, uint64_t key)
{
	return (value & COUNT_MASK) > 0 &&
	       (value & ~(uint32_t)COUNT_MASK) == tag_of(key);
}

/* The key's place in this front's column, or a free one. NULL: the key has no place,
 * and the bucket is full. No other process writes to the column. */
static place *find(const struct connlimit *c, uint64_t key)
{
	struct bucket *b = &c->table->at[c->column][key % BUCKETS];
	place *free_one = NULL;

	for (int i = 0; i < BUCKET_PLACES; i++) {
		uint32_t value = atomic_load(&b->at[i]);

		if (is_at(value, key))
			return &b->at[i];
		if ((value & COUNT_MASK) == 0 && !free_one)
			free_one = &b->at[i];
	}
	return free_one;
}

static uint32_t total(const struct connlimit *c, uint64_t key)
{
	unsigned columns = atomic_load(&c->table->columns);
	uint32_t sum = 0;

	for (unsigned column = 0; column < columns && column < CONNLIMIT_COLUMNS;
	     column++) {
		struct bucket *b = &c->table->at[column][key % BUCKETS];

		for (int i = 0; i < BUCKET_PLACES; i++) {
			uint32_t value = atomic_load(&b->at[i]);

			sum += is_at(value, key) ? value & COUNT_MASK : 0;
		}
	}
	return sum;
}

static void announce_column(const struct connlimit *c)
{
	unsigned columns = atomic_load(&c->table->columns);

	while (columns <= c->column &&
	       !atomic_compare_exchange_weak(&c->table->columns, &columns,
					     c->column + 1))
		;
}

/* Counts first, and adds up then. C's atomics have one order for all processes: of two
 * fronts at the same time, the later one sees both counts. */
enum connlimit_got connlimit_add_from(const struct connlimit *c, uint64_t key,
				      unsigned most)
{
	place *p = find(c, key);

	if (!p)
		return CONNLIMIT_FULL;
	uint32_t count = atomic_load(p) & COUNT_MASK;
	if (count >= most || count > CONNLIMIT_MOST)
		return CONNLIMIT_MANY;
	announce_column(c);
	atomic_store(p, tag_of(key) | (count + 1));
	if (total(c, key) <= most)
		return CONNLIMIT_COUNTED;
	connlimit_remove_from(c, key);
	return CONNLIMIT_MANY;
}

void connlimit_remove_from(const struct connlimit *c, uint64_t key)
{
	place *p = find(c, key);
	uint32_t value = p ? atomic_load(p) : 0;

	if (is_at(value, key))
		atomic_store(p, value - 1);
}

/* ---- the total ---- */

bool connlimit_add(const struct connlimit *c, unsigned most)
{
	unsigned columns;
	uint64_t sum = 0;

	announce_column(c);
	atomic_fetch_add(&c->table->all[c->column], 1);
	columns = atomic_load(&c->table->columns);
	for (unsigned i = 0; i < columns && i < CONNLIMIT_COLUMNS; i++)
		sum += atomic_load(&c->table->all[i]);
	if (sum <= most)
		return true;
	connlimit_remove(c);
	return false;
}

void connlimit_remove(const struct connlimit *c)
{
	atomic_fetch_sub(&c->table->all[c->column], 1);
}
