/* store/ledger.c - the file with the time of the user's next login, and with the times
 * when messages were retrieved or first seen.
 *
 * Prefix: ledger_.
 */
#include "store/ledger.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "base/siphash.h"
#include "store/fault.h"
#include "sys/file.h"

/* Head: magic, due_ms, look, sum. Record: when, sum, length and octets of the
 * unique-id, kind, zeros. Numbers are little-endian. */
enum { HEAD_OCTETS = 64, RECORD_OCTETS = 96, BATCH = 32 };
enum { AT_DUE = 8, AT_LOOK = 16, AT_HEAD_SUM = 24 };
enum { AT_WHEN = 0, AT_SUM = 8, AT_LEN = 16, AT_UID = 17, AT_KIND = 87 };

_Static_assert(AT_UID + LEDGER_UID_MAX <= (int)AT_KIND, "a record holds its fields");

static const char name[] = "poplar-ledger", new_name[] = "poplar-ledger.new";
static const char magic[] = "POPLDGR1";

static uint64_t get(const char *at)
{
	uint64_t n;

	memcpy(&n, at, sizeof n);
	return le64toh(n);
}

static void put(char *at, uint64_t n)
{
	n = htole64(n);
	memcpy(at, &n, sizeof n);
}

/* The sum detects accidents. It need not stop attackers: only the owner of the mail can
 * write the file. */
static uint64_t sum_of(struct span octets)
{
	static const unsigned char key[SIPHASH_KEY_OCTETS] = "poplar's ledger";

	return siphash(key, octets);
}

static enum fault trouble(int sys, const char *doing, struct why *why)
{
	return fault_set(why, store_fault(sys), sys, doing, name);
}

/* ---- records ---- */

static off_t record_at(uint32_t i)
{
	return HEAD_OCTETS + (off_t)i * RECORD_OCTETS;
}

static void put_record(const struct ledger_record *r, char out[RECORD_OCTETS])
{
	memset(out, 0, RECORD_OCTETS);
	put(out + AT_WHEN, r->when);
	out[AT_LEN] = (char)r->uid_len;
	memcpy(out + AT_UID, r->uid, r->uid_len);
	out[AT_KIND] = (char)r->kind;
	put(out + AT_SUM, sum_of((struct span){ out, RECORD_OCTETS }));
}

static struct ledger_record get_record(char at[RECORD_OCTETS])
{
	const uint64_t sum = get(at + AT_SUM);
	struct ledger_record r = { .when = get(at + AT_WHEN),
				   .kind = (uint8_t)at[AT_KIND],
				   .uid_len = (uint8_t)at[AT_LEN] };

	put(at + AT_SUM, 0);
	if (sum_of((struct span){ at, RECORD_OCTETS }) != sum ||
	    r.uid_len > LEDGER_UID_MAX)
		return (struct ledger_record){ 0 };
	memcpy(r.uid, at + AT_UID, r.uid_len);
	return r;
}

static bool write_records(int fd, uint32_t at, const struct ledger_record *r,
			  uint32_t count)
{
	char octets[BATCH * RECORD_OCTETS];

	for (uint32_t i = 0; i < count; i += BATCH) {
		const uint32_t n = count - i < BATCH ? count - i : BATCH;
		const size_t len = (size_t)n * RECORD_OCTETS;

		for (uint32_t k = 0; k < n; k++)
			put_record(&r[i + k], octets + (size_t)k * RECORD_OCTETS);
		if (pwrite(fd, octets, len, record_at(at + i)) != (ssize_t)len)
			return false;
	}
	return true;
}

enum fault ledger_add(struct ledger *l, const struct ledger_record *r, uint32_t count,
		      struct why *why)
{
	if (count > UINT32_MAX - l->count)
		return fault_set(why, FAULT_LIMIT, 0, "write", name);
	if (!write_records(l->fd, l->count, r, count))
		return trouble(errno, "write", why);
	l->count += count;
	return FAULT_NONE;
}

/* ---- the file ---- */

static bool write_head(int fd, const struct ledger *l)
{
	char head[HEAD_OCTETS] = { 0 };

	memcpy(head, magic, AT_DUE);
	put(head + AT_DUE, l->due_ms);
	put(head + AT_LOOK, l->look);
	put(head + AT_HEAD_SUM, sum_of((struct span){ head, AT_HEAD_SUM }));
	return pwrite(fd, head, sizeof head, 0) == (ssize_t)sizeof head;
}

enum fault ledger_save(struct ledger *l, struct why *why)
{
	return write_head(l->fd, l) ? FAULT_NONE : trouble(errno, "write", why);
}

/* A damaged head counts as that of a new ledger; the records may still be good. */
static enum fault read_head(struct ledger *l, struct why *why)
{
	char head[HEAD_OCTETS];
	struct stat st;

	if (fstat(l->fd, &st) < 0)
		return trouble(errno, "stat", why);
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid != geteuid())
		return fault_set(why, FAULT_SETUP, 0,
				 "use what is no file of ours:", name);
	if (st.st_size > record_at(UINT32_MAX))
		return fault_set(why, FAULT_LIMIT, 0, "read", name);
	if (st.st_size >= HEAD_OCTETS)
		l->count = (uint32_t)((st.st_size - HEAD_OCTETS) / RECORD_OCTETS);
	if (pread(l->fd, head, sizeof head, 0) != (ssize_t)sizeof head ||
	    memcmp(head, magic, AT_DUE) != 0 ||
	    get(head + AT_HEAD_SUM) != sum_of((struct span){ head, AT_HEAD_SUM }))
		return FAULT_NONE;
	l->due_ms = get(head + AT_DUE);
	l->look = get(head + AT_LOOK);
	return FAULT_NONE;
}

enum fault ledger_open(int dir, bool look_only, struct ledger *out, struct why *why)
{
	const int way = look_only ? O_RDONLY : O_RDWR;
	struct ledger l = { .fd = file_open_beneath(dir, name, way | O_NONBLOCK) };

	if (l.fd < 0 && errno == ENOENT) {
		if (look_only)
			return FAULT_NONE;
		l.fd = file_create_beneath(dir, name, 0600);
	}
	if (l.fd < 0)
		return trouble(errno, "open", why);
	enum fault f = read_head(&l, why);
	if (f)
		ledger_close(&l);
	else
		*out = l;
	return f;
}

void ledger_close(struct ledger *l)
{
	own_fd_close(&l->fd);
}

/* ---- reading and replacing ---- */

static int by_key(const struct ledger_record *r, enum ledger_kind kind, struct span uid)
{
	int by = (r->kind > kind) - (r->kind < kind);

	if (by == 0)
		by = (r->uid_len > uid.len) - (r->uid_len < uid.len);
	return by ? by : memcmp(r->uid, uid.at, uid.len);
}

static int order_keys(const struct ledger_record *x, const struct ledger_record *y)
{
	return by_key(x, y->kind, (struct span){ y->uid, y->uid_len });
}

static int by_key_then_when(const void *a, const void *b)
{
	const struct ledger_record *x = a, *y = b;
	int by = order_keys(x, y);

	return by ? by : (x->when > y->when) - (x->when < y->when);
}

static uint32_t leave_firsts(struct ledger_record *r, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++)
		if (r[i].when > 0 &&
		    (kept == 0 || order_keys(&r[kept - 1], &r[i]) != 0))
			r[kept++] = r[i];
	return kept;
}

enum fault ledger_read(const struct ledger *l, struct ledger_record **out,
		       uint32_t *out_count, struct why *why)
{
	char octets[BATCH * RECORD_OCTETS];
	struct ledger_record *all = calloc((size_t)l->count + 1, sizeof *all);

	if (!all)
		return fault_set(why, FAULT_NOMEM, 0, "read", name);
	for (uint32_t i = 0; i < l->count; i += BATCH) {
		const uint32_t n = l->count - i < BATCH ? l->count - i : BATCH;
		const size_t len = (size_t)n * RECORD_OCTETS;

		if (pread(l->fd, octets, len, record_at(i)) != (ssize_t)len) {
			free(all);
			return trouble(errno, "read", why);
		}
		for (uint32_t k = 0; k < n; k++)
			all[i + k] = get_record(octets + (size_t)k * RECORD_OCTETS);
	}
	qsort(all, l->count, sizeof *all, by_key_then_when);
	*out_count = leave_firsts(all, l->count);
	*out = all;
	return FAULT_NONE;
}

struct ledger_record *ledger_find(struct ledger_record *sorted, uint32_t count,
				  enum ledger_kind kind, struct span uid)
{
	uint32_t low = 0, high = count;

	while (low < high) {
		const uint32_t mid = low + (high - low) / 2;
		const int by = by_key(&sorted[mid], kind, uid);

		if (by == 0)
			return &sorted[mid];
		if (by < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static bool write_chosen(struct ledger *l, const struct ledger_record *r,
			 uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (r[i].when > 0 && !write_records(l->fd, l->count++, &r[i], 1))
			return false;
	return true;
}

enum fault ledger_replace(int dir, struct ledger *l, const struct ledger_record *r,
			  uint32_t count, struct why *why)
{
	struct ledger made = { .due_ms = l->due_ms, .look = l->look };

	if (unlinkat(dir, new_name, 0) < 0 && errno != ENOENT)
		return trouble(errno, "replace", why);
	OWN_FD fd = file_create_beneath(dir, new_name, 0600);
	made.fd = fd;
	if (fd < 0 || !write_head(fd, &made) || !write_chosen(&made, r, count) ||
	    renameat(dir, new_name, dir, name) < 0)
		return trouble(errno, "replace", why);
	ledger_close(l);
	*l = made;
	(void)TAKE_FD(fd);
	return FAULT_NONE;
}
