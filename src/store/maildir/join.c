/* store/maildir/join.c - joins the records of an index with the files that were found
 * in a Maildir.
 *
 * Prefix: maildir_. Records and files are both in delivery order.
 */
#include <stdlib.h>

#include "base/own.h"
#include "mail/name.h"
#include "store/maildir/join.h"

/* If more files than this were found, files with a record are not checked by stat(2).
 */
enum { LOOKS_MAX = 4096 };

/* ---- records and files ---- */

/* Is it a name of a file in new or cur? The index is input, and a path must not lead
 * out of its folder. */
static bool name_is_good(struct span name)
{
	return name.len > 1 && (name.at[0] == 'n' || name.at[0] == 'c') &&
	       name.at[1] != '.' && !memchr(name.at, '/', name.len) &&
	       !memchr(name.at, '\0', name.len);
}

static enum scan_dir where_of(struct span name)
{
	return name.at[0] == 'n' ? SCAN_NEW : SCAN_CUR;
}

static struct scan_file get_record(const struct listing_record *r, uint32_t i)
{
	return (struct scan_file){
		.identity = r->file,
		.stored = r->stored,
		.modified = r->modified,
		.octets = r->octets,
		.record = i,
		.form = r->form,
		.surrogate = r->surrogate,
		.difference = r->difference,
		.duplicate = r->flags & FLAG_DUPLICATE,
		.numberless = r->flags & FLAG_NUMBERLESS,
		.trouble = r->flags & FLAG_PASSING  ? SCAN_PASSING
			   : r->flags & FLAG_CLOSED ? SCAN_CLOSED
			   : r->flags & FLAG_PACKED ? SCAN_PACKED
						    : SCAN_SOUND,
		.measured = !(r->flags & (FLAG_CLOSED | FLAG_PASSING)),
	};
}

enum fault maildir_load(struct index_reader *rd, uint32_t msg, struct scan *s,
			struct why *why)
{
	const uint32_t i = listing_number(&rd->ix->map, msg);
	struct listing_record r;
	struct span name;

	if (!index_next(rd, i, &r) || !index_name(rd, i, &r, &name) ||
	    !name_is_good(name))
		return fault_set(why, FAULT_IO, 0, "read", INDEX_FILE);
	const struct scan_file f = get_record(&r, i);
	return scan_keep(s, &s->files, where_of(name), span_after(name, 1), &f)
		       ? FAULT_NONE
		       : fault_set(why, FAULT_NOMEM, 0, "find message", NULL);
}

/* ---- joining ---- */

static bool same_name(const struct scan *s, const struct scan_file *f, struct span name)
{
	struct span now = scan_name(s, f);

	return f->where == where_of(name) && now.len == name.len - 1 &&
	       memcmp(now.at, name.at + 1, now.len) == 0;
}

/* A file with the same name and inode number may still be another file: Maildir never
 * reuses a name, but people who edit their mail by hand may. With many files the check
 * would take too long, and is skipped. */
static bool is_same_file(const struct update *u, const struct scan_file *f)
{
	return u->scan.files.count > LOOKS_MAX ||
	       scan_is_same(u->d->base.dir, &u->scan, f);
}

/* Does the key come behind all joined files? */
static bool is_next(const struct scan *s, const struct scan_files *out,
		    const struct scan_key *key)
{
	return out->count == 0 || scan_order(s, &out->at[out->count - 1], key) < 0;
}

/* Join a record with its file `found`, which may have another name than the record (not
 * `same`). */
static bool join_found(struct update *u, const struct scan_file *found, bool same,
		       enum scan_dir was, struct scan_file f, struct scan_files *out)
{
	f.name = found->name;
	f.name_sum = found->name_sum;
	f.where = found->where;
	f.time = found->time;
	f.place = found->place;
	f.numberless = found->numberless;
	f.measured &= is_same_file(u, &f);
	f.changed = !f.measured || !same;
	u->seen.quiescent &=
		u->seen.read[was]; /* otherwise the file has a second name */
	return scan_add(out, &f);
}

/* Join one record. Files in front of it in the scan are new. The file of the record is
 * either in the scan, or in a folder that has not changed, or gone. */
static enum fault join_record(struct update *u, struct span name, struct scan_file f,
			      uint32_t *io_at, struct scan_files *out)
{
	struct scan *s = &u->scan;
	struct span proper = span_after(name, 1);
	const struct scan_key key = scan_key(s, proper, f.identity);
	bool ok = true;
	int by = 1;

	if (!is_next(s, out, &key))
		return FAULT_CORRUPT;
	while (ok && *io_at < s->files.count &&
	       (by = scan_order(s, &s->files.at[*io_at], &key)) < 0)
		ok = scan_add(out, &s->files.at[(*io_at)++]);
	if (ok && *io_at < s->files.count && by == 0) {
		const struct scan_file *found = &s->files.at[(*io_at)++];

		ok = join_found(u, found, same_name(s, found, name), where_of(name), f,
				out);
	} else if (ok && !u->seen.read[where_of(name)]) {
		f.changed = !f.measured;
		ok = scan_keep(s, out, where_of(name), proper, &f);
	}
	return ok ? FAULT_NONE : FAULT_NOMEM;
}

/* Is the next file the file of the record, with an unchanged name? Mostly it is, and
 * then the name in the index need not be read. */
static bool is_as_it_was(const struct scan *s, const struct scan_files *out,
			 uint32_t at, const struct listing_record *r)
{
	if (at == s->files.count)
		return false;
	const struct scan_file *f = &s->files.at[at];
	if (f->name_sum != r->name_sum || f->identity != r->file)
		return false;
	if (out->count > 0 && scan_rough_order(&out->at[out->count - 1], f) < 0)
		return true;
	const struct scan_key key = scan_key_of(s, f);
	return is_next(s, out, &key);
}

/* The file as the record describes it; not `measured` if the measures may be wrong. */
static struct scan_file known(const struct update *u, const struct listing_record *r,
			      uint32_t i)
{
	struct scan_file f = get_record(r, i);

	f.measured &= u->old.head.quiescent != INDEX_DOUBTED;
	if (f.surrogate != SURROGATE_NONE)
		f.measured &= u->old.head.downgrade == u->opening->process.downgrade;
	return f;
}

static enum fault join_next(struct update *u, struct index_reader *rd, uint32_t i,
			    uint32_t *io_at, struct scan_files *out)
{
	struct listing_record r;
	struct span name;

	if (!index_next(rd, i, &r))
		return FAULT_CORRUPT;
	u->joined_octets += r.octets;
	u->joined_ascii_octets += listing_octets(&r, false);
	const struct scan_file f = known(u, &r, i);
	if (is_as_it_was(&u->scan, out, *io_at, &r)) {
		const struct scan_file *found = &u->scan.files.at[(*io_at)++];

		return join_found(u, found, true, found->where, f, out) ? FAULT_NONE
									: FAULT_NOMEM;
	}
	return index_name(rd, i, &r, &name) && name_is_good(name)
		       ? join_record(u, name, f, io_at, out)
		       : FAULT_CORRUPT;
}

/* FAULT_CORRUPT: the index is damaged. */
static enum fault join_all(struct update *u, struct scan_files *out)
{
	ROOM struct index_reader rd;
	uint32_t at = 0;
	enum fault f = FAULT_NONE;

	index_reader_init(&rd, &u->old, LISTING_GROUP);
	for (uint32_t msg = u->skip + 1; msg <= u->old.head.messages && f == FAULT_NONE;
	     msg++)
		f = join_next(u, &rd, listing_number(&u->old.map, msg), &at, out);
	for (; at < u->scan.files.count && f == FAULT_NONE; at++)
		if (!scan_add(out, &u->scan.files.at[at]))
			f = FAULT_NOMEM;
	return f;
}

/* How many messages at the beginning of the listing can be left as they are? The stable
 * prefix, if cur has not changed and all files in new come behind it; otherwise 0. */
static uint32_t count_stable(const struct update *u)
{
	const uint32_t n = (uint32_t)u->old.head.stable;
	const struct scan *s = &u->scan;
	char room[LISTING_NAME_OCTETS];
	struct listing_record last;

	if (u->whole || n == 0 || u->seen.read[SCAN_CUR] ||
	    !index_read(&u->old, listing_number(&u->old.map, n), &last, room) ||
	    (last.flags & FLAG_DUPLICATE))
		return 0;
	const struct span name = { room, last.name_len };
	if (!name_is_good(name))
		return 0;
	const struct scan_key key = scan_key(s, span_after(name, 1), UINT64_MAX);
	return s->files.count == 0 || scan_order(s, s->files.at, &key) > 0 ? n : 0;
}

enum fault maildir_join(struct update *u, struct why *why)
{
	struct scan_files out = { 0 };

	u->skip = count_stable(u);
	u->joined_octets = u->joined_ascii_octets = 0;
	enum fault f = join_all(u, &out);
	if (f == FAULT_NONE && u->skip > 0 &&
	    (u->joined_octets > u->old.head.octets ||
	     u->joined_ascii_octets > u->old.head.ascii_octets))
		f = FAULT_CORRUPT;
	if (f) {
		free(out.at);
		return fault_set(why, f, 0, "read", INDEX_FILE);
	}
	free(u->scan.files.at);
	u->scan.files = out;
	return FAULT_NONE;
}
