/* store/pinswrite.c - writes the register of a maildrop.
 *
 * Prefix: pins_.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/own.h"
#include "store/fault.h"
#include "store/pinshead.h"
#include "sys/file.h"

#define PINS_FILE_NEW PINS_FILE ".new"

enum { CHUNK_OCTETS = 65536 };

static enum fault refuse(struct why *why, const char *doing)
{
	return fault_set(why, store_fault(errno), errno, doing, PINS_FILE);
}

/* ---- the parts of the file ---- */

/* `durable`: so many octets of the file are on disk. */
static void put_head(const struct pins *p, uint64_t durable, char out[PINS_HEAD_OCTETS])
{
	memset(out, 0, PINS_HEAD_OCTETS);
	pins_put(out + PINS_AT_MAGIC, PINS_MAGIC);
	pins_put(out + PINS_AT_VERSION, PINS_VERSION);
	pins_put(out + PINS_AT_GENERATION, p->generation);
	pins_put(out + PINS_AT_VALIDITY, p->validity);
	pins_put(out + PINS_AT_NEXT, p->next);
	pins_put(out + PINS_AT_DURABLE, durable);
	pins_put(out + PINS_AT_HEAD_SUM, pins_head_sum(out));
}

/* Append the record of entry i to `out`, which has room for it. */
static void put_record(const struct pins *p, uint32_t i, struct buf *out)
{
	const struct pin *pin = &p->at[i].pin;
	const size_t octets = pins_record_octets(pin->key.len + pin->uid.len);
	char *at = out->at + out->len;

	memset(at, 0, octets);
	pins_put(at + PINS_AT_PLACE, pin->place);
	pins_put(at + PINS_AT_NUMBER,
		 pin->number | (uint64_t)(p->at[i].live ? PINS_LIVE : PINS_USED) << 32 |
			 (uint64_t)pin->uid.len << 40 | (uint64_t)pin->key.len << 48);
	if (pin->uid.len > 0)
		memcpy(at + PINS_AT_TEXT, pin->uid.at, pin->uid.len);
	memcpy(at + PINS_AT_TEXT + pin->uid.len, pin->key.at, pin->key.len);
	pins_put(at + PINS_AT_SUM, pins_record_sum(at, octets, p->generation, i));
	out->len += octets;
}

static bool write_whole(int fd, const char *at, size_t len, uint64_t where)
{
	while (len > 0) {
		const ssize_t n = pwrite(fd, at, len, (off_t)where);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			at += n;
			len -= (size_t)n;
			where += (uint64_t)n;
		}
	}
	return true;
}

/* Write the entries from `first` on at this offset. */
static bool write_records(const struct pins *p, int fd, uint32_t first, uint64_t at)
{
	ROOM char room[CHUNK_OCTETS];
	struct buf b = BUF(room);

	for (uint32_t i = first; i < p->count; i++) {
		if (buf_left(&b) < PINS_RECORD_MOST) {
			if (!write_whole(fd, b.at, b.len, at))
				return false;
			at += b.len;
			b.len = 0;
		}
		put_record(p, i, &b);
	}
	return write_whole(fd, b.at, b.len, at);
}

static uint64_t end_of(const struct pins *p)
{
	uint64_t end = PINS_HEAD_OCTETS;

	for (uint32_t i = 0; i < p->count; i++)
		end += pins_record_octets(p->at[i].pin.key.len + p->at[i].pin.uid.len);
	return end;
}

/* ---- a new file ---- */

static bool write_file(const struct pins *p, int fd)
{
	char head[PINS_HEAD_OCTETS];

	put_head(p, p->end, head);
	return write_whole(fd, head, sizeof head, 0) &&
	       write_records(p, fd, 0, sizeof head) && fsync(fd) == 0;
}

static uint64_t wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint32_t pins_new_validity(void)
{
	return (uint32_t)(wall_ns() / 1000000000);
}

/* Remove what an interrupted writer has left, then write the file beside the old one. A
 * folder that cannot be synced could give the old one back after a crash of the
 * machine: then nobody may see the new pins. */
static enum fault write_new(struct pins *p, int dir, uint64_t generation,
			    struct why *why)
{
	if (unlinkat(dir, PINS_FILE_NEW, 0) < 0 && errno != ENOENT)
		return refuse(why, "replace");
	OWN_FD fd = file_create_beneath(dir, PINS_FILE_NEW, 0600);
	p->generation = generation;
	p->validity = p->validity > 0 ? p->validity : pins_new_validity();
	p->end = end_of(p);
	if (fd < 0 || !write_file(p, fd) ||
	    renameat(dir, PINS_FILE_NEW, dir, PINS_FILE) < 0) {
		enum fault f = refuse(why, "write");

		unlinkat(dir, PINS_FILE_NEW, 0);
		return f;
	}
	p->written = p->count;
	return fsync(dir) < 0 ? refuse(why, "sync the folder of") : FAULT_NONE;
}

/* The hashes of the tables depend on the generation. */
static enum fault renew(struct pins *p, int dir, uint64_t generation, struct why *why)
{
	const enum fault f = write_new(p, dir, generation, why);

	pins_index(p);
	return f;
}

static int by_place(const void *a, const void *b)
{
	const struct pins_entry *x = a, *y = b;

	if (x->live != y->live)
		return x->live - y->live;
	return (x->pin.place > y->pin.place) - (x->pin.place < y->pin.place);
}

static uint64_t next_generation(const struct pins *p)
{
	const uint64_t ns = wall_ns();

	return ns > p->generation ? ns : p->generation + 1;
}

enum fault pins_replace(struct pins *p, int dir, struct why *why)
{
	uint64_t place = 0;

	if (p->count > 0)
		qsort(p->at, p->count, sizeof *p->at, by_place);
	for (uint32_t i = 0; i < p->count; i++)
		p->at[i].pin.place = p->at[i].live ? ++place : 0;
	p->place = place + 1;
	return renew(p, dir, next_generation(p), why);
}

/* ---- more records ---- */

/* This may reach the disk later: until then, a reader takes the new records for ones
 * that were written last, and syncs them again. */
static bool write_durable(const struct pins *p, int fd)
{
	char head[PINS_HEAD_OCTETS];

	put_head(p, p->end, head);
	return write_whole(fd, head, sizeof head, 0);
}

/* After a sync that has failed, another one may succeed although not all is on disk. So
 * spoil the sum of the first new record, and with it all of them. */
static void take_back(int fd, uint64_t end)
{
	static const char zeros[8];

	while (pwrite(fd, zeros, sizeof zeros, (off_t)end) < 0 && errno == EINTR)
		;
}

static enum fault append(struct pins *p, int fd, struct why *why)
{
	if (!write_records(p, fd, p->written, p->end) || fsync(fd) < 0) {
		const enum fault f = refuse(why, "write");

		take_back(fd, p->end);
		return f;
	}
	p->end = end_of(p);
	p->written = p->count;
	return write_durable(p, fd) ? FAULT_NONE : refuse(why, "write the head of");
}

/* What an interrupted writer has left behind the last record must not be there when the
 * file grows: then a new file has the old contents without it. */
enum fault pins_append(struct pins *p, int dir, struct why *why)
{
	struct stat st;

	if (p->written == p->count)
		return FAULT_NONE;
	if (p->generation == 0)
		return renew(p, dir, PINS_GENERATION_LISTED, why);
	OWN_FD fd = file_open_beneath(dir, PINS_FILE, O_RDWR | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return refuse(why, "open for writing");
	if ((uint64_t)st.st_size != p->end)
		return renew(p, dir, p->generation, why);
	return append(p, fd, why);
}
