/* store/maildir/list.c - brings the index of a Maildir up to date.
 *
 * Prefix: maildir_. If nothing has changed, the index is the listing. Otherwise the
 * changed folders are read, and their files are joined with the records of the index;
 * both are in delivery order.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/own.h"
#include "store/fault.h"
#include "store/maildir/folders.h"
#include "store/maildir/join.h"

/* An index is written anew if its records in gaps outnumber those of messages that stay
 * by more than this. */
enum { DEAD_FEW = 1024 };

/* The folders are read at most this often, if other programs replace files meanwhile.
 */
enum { LOOKS = 3 };

/* ---- writing ---- */

/* How to write the listing. */
struct plan {
	enum index_way way;
	uint32_t first; /* existing records; new ones are written behind them */
	struct listing_map gaps; /* the gaps among them */
};

/* The number of the first record behind the skipped messages. *out gets the gaps before
 * it. */
static uint32_t skip_records(const struct update *u, struct listing_map *out)
{
	const struct listing_map *map = &u->old.map;
	uint32_t next = u->skip > 0 ? listing_number(map, u->skip) + 1 : 0;

	for (uint32_t h = 0; h < map->gap_count && map->gaps[h].first < next; h++)
		out->gaps[out->gap_count++] = map->gaps[h];
	return next;
}

/* Can new records be appended to the old file? Only if all new files come behind those
 * with records, and the gaps are few. If no record stays, the file begins again with
 * record 0. */
static bool can_go_on(const struct update *u, struct plan *p)
{
	const struct scan_files *files = &u->scan.files;
	uint32_t kept = 0, next = skip_records(u, &p->gaps);
	uint32_t records = (uint32_t)u->old.head.records;

	for (uint32_t i = 0; i < files->count; i++) {
		uint32_t record = files->at[i].record;

		if (record == SCAN_NO_RECORD)
			continue;
		if (kept++ != i || !listing_remove(&p->gaps, next, record - next))
			return false;
		next = record + 1;
	}
	kept += u->skip;
	p->first = kept > 0 ? records : 0;
	return kept == 0 ||
	       (listing_remove(&p->gaps, next, records - next) &&
		records - kept <= kept + DEAD_FEW &&
		files->count + u->skip - kept <= INDEX_RECORDS_MAX - records);
}

/* Is the index written for later sessions? */
static bool keeps_index(const struct store_opening *o)
{
	return o->use.index == STORE_INDEX_RENEW ||
	       (o->use.index == STORE_INDEX_KEEP && !o->use.read_only);
}

static enum fault make_plan(const struct update *u, struct plan *p, struct why *why)
{
	*p = (struct plan){ .way = keeps_index(u->opening) ? INDEX_NEW : INDEX_MEMORY };
	if (p->way == INDEX_MEMORY || u->old.fd < 0)
		return FAULT_NONE;
	p->gaps.gaps = malloc(LISTING_GAPS_MAX * sizeof *p->gaps.gaps);
	if (!p->gaps.gaps)
		return fault_set(why, FAULT_NOMEM, 0, "write", INDEX_FILE);
	if (can_go_on(u, p))
		p->way = INDEX_GO_ON;
	else
		p->first = 0;
	return FAULT_NONE;
}

static enum fault write_records(const struct update *u, struct index_writer *w,
				struct index_head *head, struct why *why)
{
	const struct scan *s = &u->scan;
	char name[LISTING_NAME_OCTETS];
	enum fault fault = FAULT_NONE;

	for (uint32_t i = 0; i < s->files.count && fault == FAULT_NONE; i++) {
		const struct scan_file *f = &s->files.at[i];
		bool stays = w->way == INDEX_GO_ON && f->record != SCAN_NO_RECORD;
		struct listing_record r;

		if (head->stable == u->skip + i && f->where == SCAN_CUR)
			head->stable++;
		head->octets += f->octets;
		head->ascii_octets += scan_ascii_octets(f);
		head->quiescent &= !f->trouble || f->trouble == SCAN_PACKED;
		if (stays && !f->changed)
			continue;
		maildir_put_record(s, f, &r);
		struct span as = { name, maildir_put_name(s, f, name) };
		fault = stays ? index_replace(w, f->record, &r, as, why)
			      : index_add(w, &r, as, why);
	}
	return fault;
}

/* The octets of the skipped messages. */
static uint64_t skipped_octets(const struct update *u)
{
	return u->skip > 0 ? u->old.head.octets - u->joined_octets : 0;
}

static enum fault write_index(struct update *u, struct plan *p, struct why *why)
{
	struct index_head head = {
		.boot = u->opening->process.boot,
		.messages = u->skip + u->scan.files.count,
		.octets = skipped_octets(u),
		.ascii_octets = u->skip > 0 ? u->old.head.ascii_octets -
						      u->joined_ascii_octets
					    : 0,
		.downgrade = u->opening->process.downgrade,
		.stable = u->skip,
		.quiescent = u->seen.quiescent,
		.uids = u->pins.generation,
		.uid_format = maildir_uid_format(u->opening),
	};
	ROOM struct index_writer w;
	struct listing_map none = { 0 };
	struct listing_map *gaps = p->first > 0 ? &p->gaps : &none;
	enum fault f = index_begin(&w, p->way, u->d->base.dir,
				   u->old.fd < 0 ? NULL : &u->old, p->first, why);

	maildir_put_stamps(&head, u->seen.stamp);
	if (f == FAULT_NONE)
		f = write_records(u, &w, &head, why);
	if (f == FAULT_NONE)
		f = index_finish(&w, &head, gaps, &u->d->index, why);
	u->d->base.kept = p->way > INDEX_MEMORY;
	index_writer_done(&w);
	return f;
}

/* Write the messages that are not skipped into the old file. False: that is not
 * possible. */
static bool write_behind(struct update *u)
{
	struct why why;
	struct plan p;
	bool done = make_plan(u, &p, &why) == FAULT_NONE && p.way == INDEX_GO_ON &&
		    write_index(u, &p, &why) == FAULT_NONE;

	free(p.gaps.gaps);
	return done;
}

/* Append to the old file, or else write a new file, or else memory. The listing is the
 * same in all three. ESTALE: a delivery was settled in the old file since it was read;
 * a new file has the listing of this session, and the next one reads the folders. */
static enum fault write_somewhere(struct update *u, struct why *why)
{
	struct plan p;
	enum fault f = make_plan(u, &p, why);

	if (f == FAULT_NONE)
		f = write_index(u, &p, why);
	while (f && p.way > INDEX_MEMORY) {
		if (why->sys != ESTALE)
			u->d->base.trouble = *why;
		p.way--;
		p.first = 0;
		f = write_index(u, &p, why);
	}
	free(p.gaps.gaps);
	return f;
}

/* ---- the whole of it ---- */

/* A Maildir may lack its folders until the first delivery. */
static enum fault read_folders(struct update *u, const struct scan_stamp *known,
			       struct why *why)
{
	struct why missing;
	int dir = u->d->base.dir;
	scan_clock_fn *clock = keeps_index(u->opening) ? index_clock : NULL;
	enum fault f = scan_read(dir, known, clock, &u->scan, &u->seen, &missing);

	if (f && missing.sys == ENOENT && !u->opening->use.as_is) {
		f = maildir_make_folders(dir, u->opening->place.path, why);
		return f ? f : scan_read(dir, known, clock, &u->scan, &u->seen, why);
	}
	if (f)
		*why = missing;
	return f;
}

/* Retention must know which messages no earlier session can have listed: all but the
 * records that have been listed. */
static bool is_fresh(const struct update *u, uint32_t record)
{
	return record == SCAN_NO_RECORD || record >= u->old.head.listed;
}

/* Let retention have a bit for each of `count` messages. */
static enum fault make_fresh(struct maildrop *m, size_t count, struct why *why)
{
	free(TAKE(m->fresh));
	if (!store_expires(m))
		return FAULT_NONE;
	m->fresh = calloc(count / 64 + 1, sizeof *m->fresh);
	return m->fresh ? FAULT_NONE : fault_set(why, FAULT_NOMEM, 0, "list", NULL);
}

static enum fault note_fresh(const struct update *u, struct why *why)
{
	const uint32_t count = u->scan.files.count;
	struct maildrop *m = &u->d->base;
	enum fault f = make_fresh(m, (size_t)u->skip + count, why);

	for (uint32_t i = 0; m->fresh && i < count; i++)
		if (is_fresh(u, u->scan.files.at[i].record))
			m->fresh[(u->skip + i) / 64] |= UINT64_C(1)
							<< (u->skip + i) % 64;
	return f;
}

/* The same if the index is the listing: the messages at its end whose records have been
 * appended by deliveries. This session does not write that it has listed them, so
 * retention notes in the ledger those that are due (`kept`). */
static enum fault note_settled(const struct update *u, struct why *why)
{
	const struct index_head *h = &u->old.head;
	struct maildrop *m = &u->d->base;

	m->kept = h->listed == h->records;
	if (m->kept) {
		free(TAKE(m->fresh));
		return FAULT_NONE;
	}
	enum fault f = make_fresh(m, h->messages, why);
	for (uint32_t i = (uint32_t)h->messages;
	     m->fresh && i > 0 && is_fresh(u, listing_number(&u->old.map, i)); i--)
		m->fresh[(i - 1) / 64] |= UINT64_C(1) << (i - 1) % 64;
	return f;
}

/* May sizes be taken from file names? Not after a report of corruption, since such a
 * size may be the wrong one. */
static bool believes_names(const struct update *u)
{
	return u->opening->use.index != STORE_INDEX_RENEW &&
	       (u->old.fd < 0 || u->old.head.quiescent != INDEX_DOUBTED);
}

/* Read the changed folders, join them with the index, and measure the new files. */
static enum fault read_and_measure(struct update *u, const struct scan_stamp *known,
				   bool *out_replaced, struct why *why)
{
	u->skip = 0;
	*out_replaced = false;
	enum fault f = read_folders(u, known, why);

	if (f == FAULT_NONE && u->old.fd >= 0)
		f = maildir_join(u, why);
	if (f == FAULT_NONE)
		f = scan_measure(u->d->base.dir, &u->scan, believes_names(u),
				 u->opening->process.downgrade, out_replaced, why);
	return f;
}

/* Read again if a message was replaced and renamed after the folders were read. */
static enum fault look_through(struct update *u, const struct scan_stamp *known,
			       struct why *why)
{
	bool replaced = true;
	enum fault f = FAULT_NONE;

	for (int i = 0; i < LOOKS && replaced && f == FAULT_NONE; i++)
		f = read_and_measure(u, known, &replaced, why);
	if (f == FAULT_NONE)
		f = maildir_separate_duplicates(u, why);
	if (f == FAULT_NONE)
		f = note_fresh(u, why);
	return f;
}

/* Compare the index with the folders. *out_same: it is right as it is. Otherwise u has
 * what is to be written, after reading what has changed. */
static enum fault compare(struct update *u, bool *out_same, struct why *why)
{
	struct scan_stamp known[SCAN_DIRS] = { 0 };
	static const struct scan_stamp nothing[SCAN_DIRS];

	*out_same = false;
	if (u->old.fd >= 0 &&
	    maildir_can_be_current(&u->old.head, &u->opening->process) &&
	    (u->counts || u->old.head.uid_format == maildir_uid_format(u->opening))) {
		maildir_get_stamps(&u->old.head, known);
		*out_same = scan_is_known(u->d->base.dir, known);
	}
	if (*out_same)
		return FAULT_NONE;
	enum fault f = maildir_read_pins(u, why);
	if (f && u->counts)
		index_close(&u->old);
	else if (f)
		return f;
	f = look_through(u, u->old.fd < 0 ? nothing : known, why);
	if (f == FAULT_CORRUPT) {
		u->d->base.trouble = *why;
		index_close(&u->old);
		f = look_through(u, nothing, why);
	}
	return f;
}

static enum fault bring_up_to_date(struct update *u, struct why *why)
{
	struct scan_stamp known[SCAN_DIRS];
	bool same;
	enum fault f = compare(u, &same, why);

	if (same) {
		f = note_settled(u, why);
		u->d->index = u->old;
		u->old = (struct index){ .fd = -1 };
		return f;
	}
	if (f == FAULT_NONE)
		f = maildir_pin_new(u, why);
	if (f == FAULT_NONE && u->skip > 0) {
		if (write_behind(u))
			return FAULT_NONE;
		u->whole = true;
		maildir_get_stamps(&u->old.head, known);
		f = look_through(u, known, why);
		if (f == FAULT_NONE)
			f = maildir_pin_new(u, why);
	}
	return f ? f : write_somewhere(u, why);
}

enum fault maildir_list(struct maildrop *m, const struct store_opening *o,
			struct why *why)
{
	struct maildir *d = (struct maildir *)m;
	struct update u = { .d = d, .opening = o, .old = { .fd = -1 } };
	struct why story = { 0 };

	index_close(&d->index);
	if (o->use.index == STORE_INDEX_KEEP || o->use.index == STORE_INDEX_READ)
		index_open(&u.old, m->dir, &m->trouble);
	enum fault f = bring_up_to_date(&u, &story);
	index_close(&u.old);
	scan_done(&u.scan);
	pins_close(&u.pins);
	if (f && why)
		*why = story;
	if (f)
		return f;
	m->listing = (struct store_listing){
		.fd = d->index.fd,
		.device = d->index.device,
		.count = (uint32_t)d->index.head.messages,
		.octets = d->index.head.octets,
		.ascii_octets = d->index.head.ascii_octets,
		.downgrade = (enum downgrade_way)d->index.head.downgrade,
		.map = &d->index.map,
	};
	return FAULT_NONE;
}

enum fault maildir_count_mail(int dir, const struct store_opening *o,
			      struct store_usage *out, struct why *why)
{
	struct store_opening opening = *o;
	struct maildir d = { .base = { .dir = dir }, .index = { .fd = -1 } };
	struct update u = {
		.d = &d, .opening = &opening, .old = { .fd = -1 }, .counts = true
	};
	bool same;

	opening.use =
		(struct store_use){ .read_only = true, .index = STORE_INDEX_READ };
	opening.rules = NULL;
	if (o->use.index == STORE_INDEX_KEEP || o->use.index == STORE_INDEX_READ)
		index_open(&u.old, dir, &d.base.trouble);
	enum fault f = compare(&u, &same, why);
	struct store_usage usage = { u.old.head.octets, u.old.head.messages };
	if (!same)
		usage = (struct store_usage){ skipped_octets(&u),
					      u.skip + u.scan.files.count };
	for (uint32_t i = 0; !same && i < u.scan.files.count; i++)
		usage.octets += u.scan.files.at[i].octets;
	if (f == FAULT_NONE)
		*out = usage;
	index_close(&u.old);
	scan_done(&u.scan);
	pins_close(&u.pins);
	return f;
}
