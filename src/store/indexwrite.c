/* store/indexwrite.c - writes the index of a maildrop.
 *
 * Prefix: index_.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "base/own.h"
#include "store/fault.h"
#include "store/indexhead.h"
#include "sys/file.h"

#define INDEX_FILE_NEW INDEX_FILE ".new"

static enum fault refuse(struct why *why, const char *doing)
{
	return fault_set(why, store_fault(errno), errno, doing, INDEX_FILE);
}

static bool write_whole(int fd, const void *at, size_t len, uint64_t where)
{
	const char *octets = at;

	while (len > 0) {
		ssize_t n = pwrite(fd, octets, len, (off_t)where);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			octets += n;
			len -= (size_t)n;
			where += (uint64_t)n;
		}
	}
	return true;
}

static void put_sum(char page[LISTING_HEAD_OCTETS])
{
	const uint64_t sum = htole64(index_head_sum(page));

	memcpy(page + LISTING_HEAD_OCTETS - sizeof sum, &sum, sizeof sum);
}

static bool has_sum(const char page[LISTING_HEAD_OCTETS])
{
	uint64_t sum;

	memcpy(&sum, page + LISTING_HEAD_OCTETS - sizeof sum, sizeof sum);
	return le64toh(sum) == index_head_sum(page);
}

static uint64_t index_ns(struct timespec t)
{
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ---- beginning ---- */

/* Remove what an interrupted writer has left, then create the file. */
static int make_new(int dir)
{
	if (unlinkat(dir, INDEX_FILE_NEW, 0) < 0 && errno != ENOENT)
		return -1;
	return file_create_beneath(dir, INDEX_FILE_NEW, 0600);
}

/* Open and lock the index that `old` was read from for writing. ESTALE: it has been
 * replaced, or its head has changed. */
static int open_again(int dir, const struct index *old, int how)
{
	struct stat st;
	uint64_t sum;
	OWN_FD fd = index_open_file(dir, O_RDWR, &st);

	if (fd < 0 || !index_lock(fd, how))
		return -1;
	if (st.st_ino != old->head.file ||
	    pread(fd, &sum, sizeof sum, LISTING_HEAD_OCTETS - sizeof sum) !=
		    sizeof sum ||
	    le64toh(sum) != old->sum) {
		errno = ESTALE;
		return -1;
	}
	return TAKE_FD(fd);
}

bool index_file_clock(int fd, uint64_t *out_ns)
{
	const uint64_t magic = htole64(INDEX_MAGIC);
	struct stat st;

	if (!write_whole(fd, &magic, sizeof magic, 0) || fstat(fd, &st) < 0)
		return false;
	*out_ns = index_ns(st.st_ctim);
	return true;
}

/* Get the clock of the file system: write the first octets of the index again as they
 * are, or create a file for a moment, and read its time stamp. */
bool index_clock(int dir, uint64_t *out_ns)
{
	const uint64_t magic = htole64(INDEX_MAGIC);
	uint64_t first = 0;
	struct stat st;
	OWN_FD fd = index_open_file(dir, O_RDWR, &st);
	bool told = fd >= 0 && pread(fd, &first, sizeof first, 0) == sizeof first &&
		    first == magic;

	if (!told) {
		own_fd_close(&fd);
		fd = make_new(dir);
	}
	told = fd >= 0 && index_file_clock(fd, out_ns);
	if (first != magic)
		unlinkat(dir, INDEX_FILE_NEW, 0);
	return told;
}

/* Without the lock, a delivery could write the old quiescence again: then the index
 * goes. INDEX_DOUBTED stays until a session has measured the maildrop anew. */
static void set_quiescence(int dir, enum index_quiescence quiescent)
{
	char page[LISTING_HEAD_OCTETS];
	char *at = page + offsetof(struct index_head, quiescent);
	const uint64_t doubted = htole64(INDEX_DOUBTED), now = htole64(quiescent);
	struct stat st;
	OWN_FD fd = index_open_file(dir, O_RDWR, &st);

	if (fd < 0)
		return;
	if (!index_lock(fd, LOCK_EX)) {
		index_forget(dir);
		return;
	}
	if (pread(fd, page, sizeof page, 0) != sizeof page || !has_sum(page) ||
	    memcmp(at, &doubted, sizeof doubted) == 0)
		return;
	memcpy(at, &now, sizeof now);
	put_sum(page);
	if (!write_whole(fd, page, sizeof page, 0))
		index_forget(dir);
}

void index_mark_stale(int dir)
{
	set_quiescence(dir, INDEX_STALE);
}

void index_doubt(int dir)
{
	set_quiescence(dir, INDEX_DOUBTED);
}

/* A generation later than all earlier ones, so that no old record counts as a new one.
 */
static uint64_t next_generation(const struct index *old)
{
	uint64_t last = old ? old->head.generation : 0;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	const uint64_t ns = index_ns(now);
	return ns > last ? ns : last + 1;
}

enum fault index_begin(struct index_writer *w, enum index_way way, int dir,
		       const struct index *old, uint32_t first, struct why *why)
{
	w->way = way;
	w->dir = dir;
	w->count = w->kept = first;
	w->generation = way == INDEX_SETTLE || (way == INDEX_GO_ON && first > 0)
				? old->head.generation
				: next_generation(old);
	switch (way) {
	case INDEX_MEMORY:
		w->fd = memfd_create("listing", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		break;
	case INDEX_NEW:
		w->fd = make_new(dir);
		break;
	case INDEX_GO_ON:
		w->fd = open_again(dir, old, LOCK_EX);
		break;
	case INDEX_SETTLE:
		w->fd = open_again(dir, old, LOCK_EX | LOCK_NB);
		break;
	}
	return w->fd < 0 ? refuse(why, "write") : FAULT_NONE;
}

void index_writer_done(struct index_writer *w)
{
	if (w->fd >= 0 && w->way == INDEX_NEW)
		unlinkat(w->dir, INDEX_FILE_NEW, 0);
	own_fd_close(&w->fd);
}

/* ---- records ---- */

/* Write the records behind the first `kept`; all are in one group. */
static bool flush(struct index_writer *w)
{
	uint32_t k = w->kept % LISTING_GROUP, n = w->count - w->kept;

	if (n == 0)
		return true;
	if (!write_whole(w->fd, w->names[k], n * sizeof *w->names,
			 listing_name_at(w->kept)) ||
	    !write_whole(w->fd, w->records[k], n * sizeof *w->records,
			 listing_at(w->kept)))
		return false;
	w->kept = w->count;
	return true;
}

static void put(const struct index_writer *w, uint32_t i, struct listing_record *r,
		struct span name, char record[LISTING_RECORD_OCTETS],
		char place[LISTING_NAME_OCTETS])
{
	r->name_len = (uint16_t)name.len;
	r->name_sum = listing_sum(name, 0);
	listing_put(r, w->generation, i, record);
	memcpy(place, name.at, name.len);
	memset(place + name.len, 0, LISTING_NAME_OCTETS - name.len);
}

enum fault index_add(struct index_writer *w, struct listing_record *r, struct span name,
		     struct why *why)
{
	uint32_t k = w->count % LISTING_GROUP;

	put(w, w->count, r, name, w->records[k], w->names[k]);
	w->count++;
	return k < LISTING_GROUP - 1 || flush(w) ? FAULT_NONE : refuse(why, "write");
}

enum fault index_replace(struct index_writer *w, uint32_t i, struct listing_record *r,
			 struct span name, struct why *why)
{
	char record[LISTING_RECORD_OCTETS], place[LISTING_NAME_OCTETS];

	put(w, i, r, name, record, place);
	return write_whole(w->fd, place, sizeof place, listing_name_at(i)) &&
			       write_whole(w->fd, record, sizeof record, listing_at(i))
		       ? FAULT_NONE
		       : refuse(why, "write");
}

/* ---- the end ---- */

static bool write_head(int fd, const struct index_head *head,
		       const struct listing_map *map, uint64_t *out_sum)
{
	char page[LISTING_HEAD_OCTETS] = { 0 };
	const uint64_t *word = (const uint64_t *)head;
	struct buf gaps = { .at = page + sizeof *head,
			    .room = sizeof page - sizeof *head - 8 };

	for (size_t i = 0; i < sizeof *head / sizeof *word; i++) {
		uint64_t le = htole64(word[i]);

		memcpy(page + i * sizeof le, &le, sizeof le);
	}
	listing_put_gaps(map, &gaps);
	put_sum(page);
	*out_sum = index_head_sum(page);
	return write_whole(fd, page, sizeof page, 0);
}

/* A read-only descriptor of what was written, which the front may have. A listing in
 * memory is sealed: no process, this one included, can change it after that. */
static int reopen(struct index_writer *w)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	struct stat mine, st;

	if (w->way == INDEX_MEMORY)
		return fcntl(w->fd, F_ADD_SEALS, seals) < 0 ? -1 : TAKE_FD(w->fd);
	if (w->way == INDEX_NEW &&
	    renameat(w->dir, INDEX_FILE_NEW, w->dir, INDEX_FILE) < 0)
		return -1;
	OWN_FD fd = index_open_file(w->dir, O_RDONLY, &st);
	if (fd >= 0 && (fstat(w->fd, &mine) < 0 || mine.st_ino != st.st_ino)) {
		errno = ESTALE;
		return -1;
	}
	return TAKE_FD(fd);
}

enum fault index_finish(struct index_writer *w, const struct index_head *head,
			struct listing_map *gaps, struct index *out, struct why *why)
{
	struct stat st;
	struct index ix = { .head = *head };

	if (!flush(w) || fstat(w->fd, &st) < 0)
		return refuse(why, "write");
	ix.head.magic = INDEX_MAGIC;
	ix.head.version = INDEX_VERSION;
	ix.head.file = st.st_ino;
	ix.device = st.st_dev;
	ix.head.generation = w->generation;
	ix.head.records = w->count;
	ix.head.gaps = gaps->gap_count;
	ix.head.listed = w->count;
	if (!write_head(w->fd, &ix.head, gaps, &ix.sum))
		return refuse(why, "write");
	ix.fd = reopen(w);
	if (ix.fd < 0)
		return refuse(why, "put in place");
	if (w->way == INDEX_NEW)
		own_fd_close(&w->fd); /* renamed already: index_writer_done must not
					 remove it */
	ix.map = *gaps;
	ix.map.generation = w->generation;
	*gaps = (struct listing_map){ 0 };
	*out = ix;
	return FAULT_NONE;
}

enum fault index_settle(struct index_writer *w, struct index *ix, struct why *why)
{
	struct index_head head = ix->head;

	head.records = w->count;
	if (!flush(w) || !write_head(w->fd, &head, &ix->map, &ix->sum))
		return refuse(why, "write");
	ix->head = head;
	return FAULT_NONE;
}
