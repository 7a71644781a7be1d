/* cli/exportlist.c - makes the list in which another server keeps unique-ids.
 *
 * Prefix: exportlist_.
 */
#include "cli/exportlist.h"

#include <stdlib.h>

#include "foreign/sizelist.h"
#include "foreign/uidlist.h"
#include "mail/name.h"
#include "store/index.h"

enum { LINE_OCTETS_MAX = 1024 };

/* Append what is in *line, and empty it. */
static enum fault append(struct exportlist *l, struct buf *line, struct why *why)
{
	if (l->room - l->len < line->len) {
		const size_t room = l->room * 2 + (1 << 16);
		char *more = realloc(l->text, room);

		if (!more)
			return fault_set(why, FAULT_NOMEM, 0, NULL, NULL);
		l->text = more;
		l->room = room;
	}
	memcpy(l->text + l->len, line->at, line->len);
	l->len += line->len;
	line->len = 0;
	return FAULT_NONE;
}

/* Read the record of a message, and its file name, in front of which stands the first
 * letter of its folder. */
static enum fault read_message(const struct maildrop *m, uint32_t msg,
			       struct listing_record *out,
			       char name[LISTING_NAME_OCTETS], struct why *why)
{
	const struct listing_map *map = m->listing.map;
	const struct index ix = { .fd = m->listing.fd,
				  .head = { .generation = map->generation } };

	return index_read(&ix, listing_number(map, msg), out, name)
		       ? FAULT_NONE
		       : fault_set(why, FAULT_SETUP, 0, "read a record of", INDEX_FILE);
}

static struct span file_name(const struct listing_record *r, const char *name)
{
	return (struct span){ name + 1, r->name_len - (size_t)1 };
}

/* ---- Dovecot ---- */

/* Each message has its unique-id as a field of its record, whatever pop3_uidl_format
 * says, and a uid that is its place. */
static enum fault make_uidlist(const struct maildrop *m, uint32_t now,
			       struct exportlist *l, struct why *why)
{
	const struct uidlist head = { .validity = now, .next = m->listing.count + 1 };
	char room[LINE_OCTETS_MAX], name[LISTING_NAME_OCTETS];
	struct buf line = BUF(room);
	struct listing_record r;
	enum fault f;

	uidlist_put_head(&head, &line);
	f = append(l, &line, why);
	for (uint32_t msg = 1; !f && msg <= m->listing.count; msg++) {
		if ((f = read_message(m, msg, &r, name, why)))
			break;
		uidlist_put(&(struct uidlist_record){ .uid = msg,
						      .order = UIDLIST_NO_ORDER,
						      .has_uidl = true,
						      .uidl = listing_uid(&r),
						      .base = name_base(
							      file_name(&r, name)) },
			    &line);
		f = append(l, &line, why);
	}
	return f;
}

/* ---- Courier ---- */

struct sizes {
	const struct maildrop *m;
	struct sizelist head;
	struct sizelist_record record; /* of the message that was read last */
	bool is_known;                 /* Courier can give it its unique-id */
	char name[LISTING_NAME_OCTETS + sizeof ":2,"];
};

/* Courier moves files from `new` to `cur` before it compares names, and gives them no
 * flags. */
static struct span name_in_cur(struct sizes *s, const struct listing_record *r,
			       const char *name)
{
	struct buf out = BUF(s->name);
	const struct span file = file_name(r, name);

	buf_put(&out, name[0] == 'n' ? name_base(file) : file);
	if (name[0] == 'n')
		buf_text(&out, ":2,");
	return buf_span(&out);
}

static enum fault read_size(struct sizes *s, uint32_t msg, struct why *why)
{
	char name[LISTING_NAME_OCTETS];
	struct listing_record r;
	const enum fault f = read_message(s->m, msg, &r, name, why);

	if (f)
		return f;
	s->record = (struct sizelist_record){ .octets = r.octets };
	s->record.name = name_in_cur(s, &r, name);
	s->is_known = sizelist_take_uidl(&s->record, listing_uid(&r));
	if (s->is_known && s->record.number >= s->head.next &&
	    s->record.number < UINT32_MAX)
		s->head.next = s->record.number + 1;
	return FAULT_NONE;
}

/* A message whose unique-id Courier cannot give gets one of Courier's. */
static enum fault put_size(struct sizes *s, struct exportlist *l, struct buf *line,
			   struct why *why)
{
	if (!s->is_known) {
		l->strange++;
		s->record.number = s->head.next++;
		s->record.validity = s->head.validity;
	}
	sizelist_put(&s->record, line);
	return append(l, line, why);
}

/* The number of the next message stands in front of all records, so unknown unique-ids
 * are counted before. */
static enum fault measure_sizes(struct sizes *s, uint32_t *out_first, struct why *why)
{
	uint32_t strange = 0;
	enum fault f = FAULT_NONE;

	for (uint32_t msg = 1; !f && msg <= s->m->listing.count; msg++) {
		f = read_size(s, msg, why);
		strange += !f && !s->is_known;
	}
	*out_first = s->head.next;
	s->head.next += strange;
	return f;
}

static enum fault make_sizelist(const struct maildrop *m, uint32_t now,
				struct exportlist *l, struct why *why)
{
	struct sizes s = { .m = m, .head = { .next = 1, .validity = now } };
	char room[LINE_OCTETS_MAX], before[sizeof s.name];
	struct buf line = BUF(room), last = BUF(before);
	uint32_t first;
	enum fault f = measure_sizes(&s, &first, why);

	sizelist_put_head(&s.head, &line);
	s.head.next = first;
	if (!f)
		f = append(l, &line, why);
	for (uint32_t msg = 1; !f && msg <= m->listing.count; msg++) {
		if ((f = read_size(&s, msg, why)))
			break;
		const struct span base = name_base(s.record.name);

		l->moved += sizelist_order(buf_span(&last), base) > 0;
		last.len = 0;
		buf_put(&last, base);
		f = put_size(&s, l, &line, why);
	}
	return f;
}

/* ---- the table ---- */

static const struct exportlist_kind kinds[] = {
	{ "dovecot", "dovecot-uidlist", make_uidlist },
	{ "courier", "courierpop3dsizelist", make_sizelist },
};

const struct exportlist_kind *exportlist_kind(const char *name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(name, kinds[i].name) == 0)
			return &kinds[i];
	return NULL;
}

enum fault exportlist_make(const struct exportlist_kind *kind, const struct maildrop *m,
			   uint32_t now, struct exportlist *out, struct why *why)
{
	*out = (struct exportlist){ .count = m->listing.count };
	return kind->make(m, now, out, why);
}

void exportlist_done(struct exportlist *l)
{
	free(l->text);
	*l = (struct exportlist){ 0 };
}
