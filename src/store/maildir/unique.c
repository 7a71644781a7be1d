/* store/maildir/unique.c - gives the messages of a Maildir their unique-ids.
 *
 * Prefix: maildir_. A message that the register pins has the unique-id from there. With
 * a uidl-format, every message is pinned before a client sees it. Otherwise a message
 * without a pin gets its unique-id from its base name.
 */
#include <errno.h>

#include "mail/name.h"
#include "mail/uidmake.h"
#include "store/fault.h"
#include "store/maildir/join.h"

/* The longest unique-id that a format may make before it is hashed, in octets. */
enum { MADE_MAX = 1024 };

uint64_t maildir_uid_format(const struct store_opening *o)
{
	return o->uidl_format ? o->uidl_format->sum : 0;
}

size_t maildir_uid(const struct scan *s, const struct scan_file *f,
		   char out[LISTING_UID_MAX])
{
	char room[NAME_DUPLICATE_MAX];
	const struct span base = maildir_base(s, f, room);

	if (!s->pins)
		return name_uid(base, out);
	const struct pin *pin = f->duplicate ? NULL : pins_find(s->pins, base);
	if (!pin || pin->uid.len == 0)
		return pins_derive(s->pins, base, out);
	memcpy(out, pin->uid.at, pin->uid.len);
	return pin->uid.len;
}

/* ---- what an index says ---- */

/* Are the unique-ids and the order of the index those of the register? All that an
 * index without register says is true of a register that sessions alone have written.
 */
static bool knows_pins(const struct index *ix, const struct pins *p)
{
	return ix->head.uids == p->generation ||
	       (ix->head.uids == 0 && p->generation == PINS_GENERATION_LISTED);
}

/* Pin what the client of a maildrop without uidl-format has seen. */
static bool pin_record(struct pins *p, const struct listing_record *r, struct span name)
{
	const struct pin pin = { .key = name_base(span_after(name, 1)),
				 .uid = listing_uid(r),
				 .place = p->place };

	return r->flags & FLAG_DUPLICATE || pins_find(p, pin.key) ||
	       pins_is_taken(p, pin.uid, pin.key) || pin.key.len == 0 ||
	       memchr(pin.key.at, '/', pin.key.len) || pins_add(p, &pin);
}

static enum fault pin_records(struct update *u, const struct index *ix, struct why *why)
{
	struct pins *p = &u->pins;
	ROOM struct index_reader rd;
	struct listing_record r;
	struct span name;

	index_reader_init(&rd, ix, LISTING_GROUP);
	for (uint32_t msg = 1; msg <= ix->head.messages; msg++) {
		const uint32_t i = listing_number(&ix->map, msg);

		if (!index_next(&rd, i, &r) || !index_name(&rd, i, &r, &name) ||
		    name.len < 2)
			u->keeps_names = true;
		else if (!pin_record(p, &r, name))
			return fault_set(why, FAULT_NOMEM, 0, "pin", NULL);
	}
	return FAULT_NONE;
}

/* The maildrop gets a uidl-format: what the index lists keeps its unique-ids, also if
 * this opening does not use the index otherwise. An index that cannot be read shows
 * that clients have seen messages here, but not which. */
static enum fault pin_listed(struct update *u, struct why *why)
{
	struct index own = { .fd = -1 };
	struct why trouble = { 0 };
	enum fault f = FAULT_NONE;

	if (u->old.fd < 0)
		index_open(&own, u->d->base.dir, &trouble);
	if (trouble.sys && store_fault(trouble.sys) != FAULT_SETUP)
		return fault_set(why, store_fault(trouble.sys), trouble.sys, "open",
				 INDEX_FILE);
	u->keeps_names = trouble.fault != FAULT_NONE;
	const struct index *ix = u->old.fd < 0 ? &own : &u->old;
	if (ix->fd >= 0 && ix->head.uid_format == 0 && knows_pins(ix, &u->pins))
		f = pin_records(u, ix, why);
	index_close(&own);
	u->keeps_names &= u->pins.generation != PINS_GENERATION_LISTED;
	return f;
}

enum fault maildir_read_pins(struct update *u, struct why *why)
{
	struct index *old = &u->old;
	enum fault f = pins_open(u->d->base.dir, &u->pins, why);

	if (f)
		return f;
	if (old->fd >= 0 && old->head.uids > 0 && u->pins.generation == 0)
		return fault_set(
			why, FAULT_SETUP, ENOENT,
			"find the unique-ids that the index comes from:", PINS_FILE);
	if (old->fd >= 0 && !knows_pins(old, &u->pins))
		index_close(old);
	u->scan.pins = &u->pins;
	return maildir_uid_format(u->opening) && !u->opening->use.read_only
		       ? pin_listed(u, why)
		       : FAULT_NONE;
}

/* ---- new messages ---- */

/* Make the unique-id of *pin, for which `room` has LISTING_UID_MAX octets. */
static void make_uid(const struct update *u, struct pin *pin, char *room)
{
	const struct uidmake_values values = {
		.uid = pin->number,
		.validity = u->pins.validity,
		.filename = pin->key,
		.guid = pin->key,
	};
	char made[MADE_MAX];
	struct buf b = BUF(made);

	uidmake(u->opening->uidl_format, &values, &b);
	pin->uid = buf_span(&b);
	if (!listing_uid_ok(pin->uid))
		pin->uid = (struct span){ room, name_hash(pin->uid, 0, room) };
	if (b.cut || pins_is_taken(&u->pins, pin->uid, pin->key))
		pin->uid = (struct span){ room, pins_derive(&u->pins, pin->key, room) };
	memmove(room, pin->uid.at, pin->uid.len);
	pin->uid.at = room;
}

static enum fault pin_file(struct update *u, struct scan_file *f, struct why *why)
{
	const struct uidformat *format = u->opening->uidl_format;
	const struct span base = name_base(scan_name(&u->scan, f));
	const struct pin *has = pins_find(&u->pins, base);
	struct pin pin = has ? *has : (struct pin){ .place = u->pins.place };
	char room[LISTING_UID_MAX];

	pin.key = base;
	const bool numbers = format->has[UIDFORMAT_UID] && !u->keeps_names;
	if (numbers && pin.number == 0)
		pin.number = u->pins.next;
	if (numbers && pin.number == 0)
		return fault_set(why, FAULT_SETUP, EOVERFLOW, "number messages in",
				 PINS_FILE);
	if (u->keeps_names)
		pin.uid = (struct span){ room, pins_derive(&u->pins, base, room) };
	else
		make_uid(u, &pin, room);
	if (!pins_add(&u->pins, &pin))
		return fault_set(why, FAULT_NOMEM, 0, "pin", NULL);
	f->place = pin.place;
	f->changed = true;
	return FAULT_NONE;
}

static bool is_pinned(const struct update *u, const struct scan_file *f)
{
	const struct pin *pin = pins_find(&u->pins, name_base(scan_name(&u->scan, f)));

	return f->duplicate || (pin && pin->uid.len > 0);
}

/* The index of a maildrop without register must not be brought up to date by a delivery
 * once there is one. */
static enum fault write_pins(struct update *u, struct why *why)
{
	if (u->pins.generation == 0 && u->pins.count > 0)
		index_mark_stale(u->d->base.dir);
	return pins_append(&u->pins, u->d->base.dir, why);
}

static enum fault may_pin(const struct update *u, struct why *why)
{
	if (u->opening->use.read_only)
		return fault_set(why, FAULT_SETUP, EROFS,
				 "pin a new message in a session that only reads",
				 u->opening->place.path);
	if (u->opening->uidl_format->has[UIDFORMAT_MD5])
		return fault_set(why, FAULT_SETUP, 0,
				 "use %m of uidl-format in a Maildir",
				 u->opening->place.path);
	return FAULT_NONE;
}

enum fault maildir_pin_new(struct update *u, struct why *why)
{
	enum fault f = FAULT_NONE;

	if (maildir_uid_format(u->opening) == 0)
		return FAULT_NONE;
	if (u->pins.validity == 0)
		u->pins.validity = pins_new_validity();
	for (uint32_t i = 0; i < u->scan.files.count && f == FAULT_NONE; i++) {
		if (is_pinned(u, &u->scan.files.at[i]))
			continue;
		f = may_pin(u, why);
		if (f == FAULT_NONE)
			f = pin_file(u, &u->scan.files.at[i], why);
	}
	return f ? f : write_pins(u, why);
}
