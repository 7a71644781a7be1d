/* store/index.c - reads the index of a maildrop.
 *
 * Prefix: index_.
 */
#include "store/index.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/own.h"
#include "store/indexhead.h"
#include "sys/clock.h"
#include "sys/file.h"

/* Tries to lock the file, a millisecond apart. */
enum { LOCK_TRIES = 200 };

void index_close(struct index *ix)
{
	own_fd_close(&ix->fd);
	free(ix->map.gaps);
	*ix = (struct index){ .fd = -1 };
}

static bool read_whole(int fd, void *out, size_t len, uint64_t at)
{
	ssize_t n;

	do
		n = pread(fd, out, len, (off_t)at);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)len;
}

/* ---- the head ---- */

uint64_t index_head_sum(const char page[LISTING_HEAD_OCTETS])
{
	return listing_sum((struct span){ page, LISTING_HEAD_OCTETS - 8 }, INDEX_MAGIC);
}

/* A delivery may have appended records since *io_st was read. */
static bool is_cut(const struct index *ix, struct stat *io_st)
{
	const uint64_t end = listing_end((uint32_t)ix->head.records);

	return end > (uint64_t)io_st->st_size &&
	       (fstat(ix->fd, io_st) < 0 || end > (uint64_t)io_st->st_size);
}

/* What is wrong with the head of the file; NULL: nothing. */
static const char *judge(const struct index *ix, struct stat *st)
{
	const struct index_head *h = &ix->head;

	if (h->magic != INDEX_MAGIC)
		return "is no index";
	if (h->version != INDEX_VERSION)
		return "is of another version";
	if (h->file != st->st_ino)
		return "is a copy";
	if (h->records > INDEX_RECORDS_MAX || h->messages > h->records ||
	    h->stable > h->messages || h->gaps > LISTING_GAPS_MAX ||
	    h->listed > h->records)
		return "has a bad head";
	if (is_cut(ix, st))
		return "is cut";
	return NULL;
}

static bool parse_gaps(struct index *ix, const char *at)
{
	const struct index_head *h = &ix->head;
	struct listing_map *map = &ix->map;

	map->generation = h->generation;
	map->gap_count = (uint32_t)h->gaps;
	map->gaps = malloc(h->gaps * sizeof *map->gaps + 1);
	if (!map->gaps || !listing_get_gaps(map, at, (uint32_t)h->records))
		return false;
	uint32_t gone = h->gaps > 0 ? map->gaps[h->gaps - 1].removed : 0;
	return h->records - gone == h->messages;
}

static bool sum_is_right(struct index *ix, const char page[LISTING_HEAD_OCTETS])
{
	uint64_t sum;

	memcpy(&sum, page + LISTING_HEAD_OCTETS - 8, 8);
	ix->sum = le64toh(sum);
	return ix->sum == index_head_sum(page);
}

/* Parse the head from its page. NULL, or what is wrong. */
static const char *parse_head(struct index *ix, const char page[LISTING_HEAD_OCTETS],
			      struct stat *st)
{
	uint64_t *word = (uint64_t *)&ix->head;

	memcpy(word, page, sizeof ix->head);
	for (size_t i = 0; i < sizeof ix->head / sizeof *word; i++)
		word[i] = le64toh(word[i]);
	const char *wrong = judge(ix, st);
	if (!wrong && !parse_gaps(ix, page + sizeof ix->head))
		wrong = "has bad gaps";
	return wrong;
}

bool index_lock(int fd, int how)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, how | LOCK_NB) == 0)
			return true;
		if ((errno != EWOULDBLOCK && errno != EINTR) || how & LOCK_NB)
			return false;
		clock_pause(1);
	}
	return false;
}

/* Read the head's page. A delivery may write the head at this moment, and read(2) may
 * then return octets of both; so a head with a wrong sum is read again under the lock.
 */
static const char *read_head(struct index *ix, char page[LISTING_HEAD_OCTETS])
{
	if (!read_whole(ix->fd, page, LISTING_HEAD_OCTETS, 0))
		return "is cut";
	if (sum_is_right(ix, page))
		return NULL;
	if (!index_lock(ix->fd, LOCK_SH))
		return "has a bad head";
	const bool whole = read_whole(ix->fd, page, LISTING_HEAD_OCTETS, 0);
	flock(ix->fd, LOCK_UN);
	return whole && sum_is_right(ix, page) ? NULL : "has a bad head";
}

/* Accept only a regular file that we own and that has no second name, so that nobody
 * else can have put it there. */
int index_open_file(int dir, int flags, struct stat *out)
{
	OWN_FD fd = file_open_beneath(dir, INDEX_FILE, flags | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -1;
	if (fstat(fd, out) < 0)
		return -1;
	if (!S_ISREG(out->st_mode) || out->st_nlink != 1 || out->st_uid != geteuid()) {
		errno = EPERM;
		return -1;
	}
	return TAKE_FD(fd);
}

bool index_open(struct index *ix, int dir, struct why *why)
{
	ROOM char page[LISTING_HEAD_OCTETS];
	struct stat st = { 0 };

	*ix = (struct index){ .fd = index_open_file(dir, O_RDONLY, &st) };
	*why = (struct why){ 0 };
	if (ix->fd < 0) {
		if (errno != ENOENT)
			fault_set(why, FAULT_SETUP, errno, "open", INDEX_FILE);
		return false;
	}
	ix->device = st.st_dev;
	const char *wrong = read_head(ix, page);
	if (!wrong)
		wrong = parse_head(ix, page, &st);
	if (!wrong)
		return true;
	fault_set(why, FAULT_CORRUPT, 0, wrong, INDEX_FILE);
	index_close(ix);
	return false;
}

void index_forget(int dir)
{
	unlinkat(dir, INDEX_FILE, 0);
}

/* ---- records ---- */

static bool name_is_good(const struct listing_record *r, struct span name)
{
	return listing_sum(name, 0) == r->name_sum;
}

bool index_read(const struct index *ix, uint32_t i, struct listing_record *r,
		char name[LISTING_NAME_OCTETS])
{
	char at[LISTING_RECORD_OCTETS];

	return read_whole(ix->fd, at, sizeof at, listing_at(i)) &&
	       listing_get(at, ix->head.generation, i, r) &&
	       read_whole(ix->fd, name, r->name_len, listing_name_at(i)) &&
	       name_is_good(r, (struct span){ name, r->name_len });
}

/* Have record i, or its name, among those in memory: read a run of them if it is not
 * there. False: reading failed. */
static bool hold(const struct index_reader *rd, struct index_run *held, uint32_t i,
		 void *out, size_t each, uint64_t at)
{
	const uint32_t left = (uint32_t)rd->ix->head.records - i;
	uint32_t count = LISTING_GROUP - i % LISTING_GROUP;

	if (i >= held->first && i - held->first < held->count)
		return true;
	count = count < left ? count : left;
	count = count < rd->most ? count : rd->most;
	held->count = 0;
	if (!read_whole(rd->ix->fd, out, count * each, at))
		return false;
	*held = (struct index_run){ i, count };
	return true;
}

bool index_next(struct index_reader *rd, uint32_t i, struct listing_record *r)
{
	struct index_run *held = &rd->records_held;

	return i < rd->ix->head.records &&
	       hold(rd, held, i, rd->records, sizeof *rd->records, listing_at(i)) &&
	       listing_get(rd->records[i - held->first], rd->ix->head.generation, i, r);
}

bool index_name(struct index_reader *rd, uint32_t i, const struct listing_record *r,
		struct span *out)
{
	struct index_run *held = &rd->names_held;

	if (!hold(rd, held, i, rd->names, sizeof *rd->names, listing_name_at(i)))
		return false;
	*out = (struct span){ rd->names[i - held->first], r->name_len };
	return name_is_good(r, *out);
}
