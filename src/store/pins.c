/* store/pins.c - reads the register of a maildrop.
 *
 * Prefix: pins_. Two hash tables find an entry by its key and by its unique-id.
 */
#include "store/pins.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/own.h"
#include "base/siphash.h"
#include "mail/name.h"
#include "store/fault.h"
#include "store/pinshead.h"
#include "sys/file.h"

/* A larger register has more pins than any maildrop has messages. Its length limits the
 * memory that a reader needs. */
enum { REGISTER_MOST = 1 << 30 };

/* Most records are not smaller than this: so many entries are made at once. */
enum { RECORD_OCTETS_USUAL = 80 };

/* The key and the unique-id of an entry that was added. */
struct pins_text {
	struct pins_text *next;
	char at[];
};

void pins_close(struct pins *p)
{
	for (struct pins_text *t = p->texts, *next; t; t = next) {
		next = t->next;
		free(t);
	}
	free(p->file);
	free(p->at);
	free(p->by_key);
	free(p->by_uid);
	*p = (struct pins){ 0 };
}

/* ---- tables ---- */

static bool same(struct span a, struct span b)
{
	return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

/* A sender may have chosen some unique-ids, but does not know the generation. */
static uint32_t first_slot(const struct pins *p, struct span text)
{
	unsigned char key[SIPHASH_KEY_OCTETS] = { 0 };

	memcpy(key, &p->generation, sizeof p->generation);
	return (uint32_t)siphash(key, text) & (p->table - 1);
}

/* The slot of the pin of this key, or a free one. */
static uint32_t *key_slot(const struct pins *p, struct span key)
{
	uint32_t i = first_slot(p, key);

	while (p->by_key[i] > 0 && !same(p->at[p->by_key[i] - 1].pin.key, key))
		i = (i + 1) & (p->table - 1);
	return &p->by_key[i];
}

static uint32_t *uid_slot(const struct pins *p, struct span uid)
{
	uint32_t i = first_slot(p, uid);

	while (p->by_uid[i] > 0 && !same(p->at[p->by_uid[i] - 1].pin.uid, uid))
		i = (i + 1) & (p->table - 1);
	return &p->by_uid[i];
}

static void enter(struct pins *p, uint32_t i)
{
	const struct pin *pin = &p->at[i].pin;

	if (p->at[i].live) {
		uint32_t *slot = key_slot(p, pin->key);

		if (*slot > 0)
			p->at[*slot - 1].live = false;
		*slot = i + 1;
	}
	if (pin->uid.len > 0) {
		uint32_t *slot = uid_slot(p, pin->uid);

		if (*slot == 0)
			*slot = i + 1;
	}
}

void pins_index(struct pins *p)
{
	memset(p->by_key, 0, p->table * sizeof *p->by_key);
	memset(p->by_uid, 0, p->table * sizeof *p->by_uid);
	for (uint32_t i = 0; i < p->count; i++)
		enter(p, i);
}

/* Have room for `count` entries, with at least half of the slots free. */
static bool reserve(struct pins *p, uint32_t count)
{
	uint32_t room = p->room > 0 ? p->room : 32;

	while (room < count)
		room *= 2;
	if (room == p->room)
		return true;
	struct pins_entry *at = realloc(p->at, room * sizeof *at);
	uint32_t *by_key = malloc(2 * (size_t)room * sizeof *by_key);
	uint32_t *by_uid = malloc(2 * (size_t)room * sizeof *by_uid);
	if (at)
		p->at = at;
	if (!at || !by_key || !by_uid) {
		free(by_key);
		free(by_uid);
		return false;
	}
	free(p->by_key);
	free(p->by_uid);
	p->by_key = by_key;
	p->by_uid = by_uid;
	p->room = room;
	p->table = 2 * room;
	pins_index(p);
	return true;
}

/* Add an entry whose octets stay where they are. */
static bool keep(struct pins *p, const struct pin *pin, bool live)
{
	if (p->count == INT32_MAX / 2 || !reserve(p, p->count + 1))
		return false;
	p->at[p->count] = (struct pins_entry){ *pin, live };
	enter(p, p->count++);
	if (live && pin->place >= p->place)
		p->place = pin->place + 1;
	if (p->next > 0 && pin->number >= p->next)
		p->next = pin->number + 1; /* 0 behind the last one */
	return true;
}

static bool keep_copy(struct pins *p, const struct pin *pin, bool live)
{
	struct pins_text *t = malloc(sizeof *t + pin->key.len + pin->uid.len);
	struct pin copy = *pin;

	if (!t)
		return false;
	memcpy(t->at, pin->key.at, pin->key.len);
	if (pin->uid.len > 0)
		memcpy(t->at + pin->key.len, pin->uid.at, pin->uid.len);
	copy.key.at = t->at;
	copy.uid.at = t->at + pin->key.len;
	t->next = p->texts;
	p->texts = t;
	return keep(p, &copy, live);
}

bool pins_add(struct pins *p, const struct pin *pin)
{
	return keep_copy(p, pin, true);
}

bool pins_add_used(struct pins *p, struct span key, struct span uid)
{
	return keep_copy(p, &(struct pin){ .key = key, .uid = uid }, false);
}

void pins_change(struct pins *p, const struct pin *pin)
{
	struct pin *own = &p->at[*key_slot(p, pin->key) - 1].pin;

	own->place = pin->place;
	own->number = pin->number;
}

const struct pin *pins_find(const struct pins *p, struct span key)
{
	const uint32_t slot = p->count > 0 ? *key_slot(p, key) : 0;

	return slot > 0 ? &p->at[slot - 1].pin : NULL;
}

bool pins_is_taken(const struct pins *p, struct span uid, struct span key)
{
	const uint32_t slot = p->count > 0 ? *uid_slot(p, uid) : 0;

	return slot > 0 && !same(p->at[slot - 1].pin.key, key);
}

size_t pins_derive(const struct pins *p, struct span key, char out[LISTING_UID_MAX])
{
	size_t len = name_uid(key, out);

	for (uint64_t n = 1; pins_is_taken(p, (struct span){ out, len }, key); n++)
		len = name_hash(key, n, out);
	return len;
}

/* ---- reading ---- */

static enum fault damaged(struct why *why, const char *doing, uint32_t record)
{
	char room[64];
	struct buf what = BUF(room);

	buf_text(&what, PINS_FILE);
	if (record > 0)
		buf_text(&what, ", record ");
	if (record > 0)
		buf_u64(&what, record);
	return fault_set(why, FAULT_SETUP, 0, doing, buf_cstr(&what));
}

/* The length of the record at the start of `rest`; 0: it is cut. */
static size_t record_octets(struct span rest)
{
	if (rest.len < PINS_AT_TEXT)
		return 0;
	const size_t len = pins_record_octets(
		(size_t)(unsigned char)rest.at[PINS_AT_UID_LEN] +
		(unsigned char)rest.at[PINS_AT_KEY_LEN] +
		((size_t)(unsigned char)rest.at[PINS_AT_KEY_LEN + 1] << 8));
	return len <= rest.len ? len : 0;
}

static struct pin get_pin(const char *at)
{
	const size_t uid_len = (unsigned char)at[PINS_AT_UID_LEN];
	const uint64_t rest = pins_get(at + PINS_AT_NUMBER);

	return (struct pin){
		.key = { at + PINS_AT_TEXT + uid_len, (size_t)(rest >> 48) },
		.uid = { at + PINS_AT_TEXT, uid_len },
		.place = pins_get(at + PINS_AT_PLACE),
		.number = (uint32_t)rest,
	};
}

/* Is it a pin that Poplar has written? */
static bool is_good(const struct pins *p, const struct pin *pin, uint8_t kind)
{
	if (kind >= PINS_KINDS || pin->key.len == 0 || pin->key.len > PINS_KEY_MAX ||
	    pin->place > INT64_MAX || span_has_any(pin->key, "/"))
		return false;
	return pin->uid.len == 0 ||
	       (listing_uid_ok(pin->uid) && !pins_is_taken(p, pin->uid, pin->key));
}

/* Take the record at the start of `rest`, and return its length. 0: it is not good, or,
 * with *out_full, memory has run out. */
static size_t take_record(struct pins *p, struct span rest, bool *out_full)
{
	const size_t octets = record_octets(rest);

	if (octets == 0 ||
	    pins_get(rest.at) !=
		    pins_record_sum(rest.at, octets, p->generation, p->count))
		return 0;
	const struct pin pin = get_pin(rest.at);
	const uint8_t kind = (uint8_t)rest.at[PINS_AT_KIND];
	if (!is_good(p, &pin, kind))
		return 0;
	*out_full = !keep(p, &pin, kind == PINS_LIVE);
	return *out_full ? 0 : octets;
}

/* Records that are known to be on disk must be good. Behind them there may be one that
 * an interrupted writer has left. */
static enum fault take_records(struct pins *p, struct span file, uint64_t durable,
			       struct why *why)
{
	size_t octets = 1;
	bool full = false;

	p->end = PINS_HEAD_OCTETS;
	full = !reserve(p, (uint32_t)(file.len / RECORD_OCTETS_USUAL));
	while (!full && octets > 0 && p->end < file.len) {
		octets = take_record(p, span_after(file, p->end), &full);
		p->end += octets;
	}
	if (full)
		return fault_set(why, FAULT_NOMEM, 0, "read", PINS_FILE);
	p->written = p->count;
	return p->end < durable ? damaged(why, "use a damaged record:", p->count + 1)
				: FAULT_NONE;
}

static enum fault take_head(struct pins *p, struct span file, uint64_t *out_durable,
			    struct why *why)
{
	if (file.len < PINS_HEAD_OCTETS || pins_get(file.at) != PINS_MAGIC ||
	    pins_get(file.at + PINS_AT_HEAD_SUM) != pins_head_sum(file.at))
		return damaged(why, "use the damaged head of", 0);
	if (pins_get(file.at + PINS_AT_VERSION) != PINS_VERSION)
		return damaged(why,
			       "use the register of another version of Poplar:", 0);
	p->generation = pins_get(file.at + PINS_AT_GENERATION);
	p->validity = (uint32_t)pins_get(file.at + PINS_AT_VALIDITY);
	p->next = (uint32_t)pins_get(file.at + PINS_AT_NEXT);
	*out_durable = pins_get(file.at + PINS_AT_DURABLE);
	return FAULT_NONE;
}

/* Records behind those that are known to be on disk may be in memory alone: have them
 * on disk before anybody uses them. */
static enum fault take_file(struct pins *p, int fd, struct span file, struct why *why)
{
	uint64_t durable = 0;
	enum fault f = take_head(p, file, &durable, why);

	if (f == FAULT_NONE)
		f = take_records(p, file, durable, why);
	if (f == FAULT_NONE && p->end > durable && fsync(fd) < 0)
		f = fault_set(why, store_fault(errno), errno, "sync", PINS_FILE);
	return f;
}

/* Accept only a regular file that we own and that has no second name, so that nobody
 * else can have put it there. */
static enum fault check_file(int fd, struct why *why)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fault_set(why, store_fault(errno), errno, "stat", PINS_FILE);
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid != geteuid())
		return fault_set(why, FAULT_SETUP, 0,
				 "use what is no file of ours:", PINS_FILE);
	return FAULT_NONE;
}

enum fault pins_open(int dir, struct pins *out, struct why *why)
{
	OWN_FD fd = file_open_beneath(dir, PINS_FILE, O_RDONLY | O_NONBLOCK);
	size_t len;

	*out = (struct pins){ .next = 1, .place = 1 };
	if (fd < 0 && errno == ENOENT)
		return FAULT_NONE;
	if (fd < 0)
		return fault_set(why, store_fault(errno), errno, "open", PINS_FILE);
	enum fault f = check_file(fd, why);
	if (f == FAULT_NONE)
		f = file_read_all(fd, REGISTER_MOST, &out->file, &len, PINS_FILE, why);
	return f ? f : take_file(out, fd, (struct span){ out->file, len }, why);
}
