/* foreign/sizelist.c - reads and writes courierpop3dsizelist.
 *
 * Prefix: sizelist_.
 */
#include "foreign/sizelist.h"

#include "foreign/row.h"
#include "mail/name.h"

enum { VERSION_MAX = 3 };

bool sizelist_begin(struct sizelist *l, struct span text)
{
	struct span line, field;

	*l = (struct sizelist){ .rest = text };
	if (!span_starts(text, "/"))
		return true;
	line = span_after(row_cut(&l->rest, &l->line), 1);
	span_cut(&line, ' ', &field);
	if (!span_u32(field, &l->version) || l->version == 0 ||
	    l->version > VERSION_MAX)
		return false;
	span_cut(&line, ' ', &field);
	return span_u32(field, &l->next) &&
	       (l->version == 1 || span_u32(line, &l->validity));
}

/* Cut the part behind the last blank off *io_line. */
static bool cut_last(struct span *io_line, struct span *out)
{
	const char *blank = io_line->len ? memrchr(io_line->at, ' ', io_line->len)
					 : NULL;

	if (!blank)
		return false;
	const size_t at = (size_t)(blank - io_line->at);
	*out = span_after(*io_line, at + 1);
	io_line->len = at;
	return true;
}

/* "<number>:<validity>:<8-bit>", "<number>:<validity>" or "<number>". */
static bool read_number(const struct sizelist *l, struct span field,
			struct sizelist_record *out)
{
	struct span part;

	span_cut(&field, ':', &part);
	if (!span_u32(part, &out->number))
		return false;
	if (l->version == 1)
		return field.len == 0;
	span_cut(&field, ':', &part);
	out->is_8bit = span_is(field, "1");
	return span_u32(part, &out->validity);
}

enum sizelist_found sizelist_next(struct sizelist *l, struct sizelist_record *out)
{
	struct span number, octets;

	*out = (struct sizelist_record){ .escaped = l->version == 0 };
	if (l->rest.len == 0)
		return SIZELIST_END;
	struct span line = row_cut(&l->rest, &l->line);
	if (l->version > 0 &&
	    (!cut_last(&line, &number) || !read_number(l, number, out)))
		return SIZELIST_BROKEN;
	if (!cut_last(&line, &octets) || !span_u64(octets, &out->octets))
		return SIZELIST_BROKEN;
	out->name = line;
	return name_base(line).len > 0 && !span_has_any(line, "/") ? SIZELIST_RECORD
								   : SIZELIST_BROKEN;
}

/* ---- unique-ids ---- */

static void put_escaped(struct span base, struct buf *out)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < base.len; i++) {
		const unsigned char c = (unsigned char)base.at[i];

		if (c > ' ' && c < 0x7f && !strchr("'\"+", c)) {
			buf_char(out, (char)c);
			continue;
		}
		buf_char(out, '+');
		buf_char(out, digits[c / 16]);
		buf_char(out, digits[c % 16]);
	}
}

void sizelist_uidl(const struct sizelist_record *r, struct buf *out)
{
	if (r->escaped) {
		put_escaped(name_base(r->name), out);
		return;
	}
	if (r->number == 0) {
		buf_put(out, name_base(r->name));
		return;
	}
	buf_text(out, "UID");
	buf_u64(out, r->number);
	if (r->validity > 0) {
		buf_char(out, '-');
		buf_u64(out, r->validity);
	}
}

/* "UID007" is a number, but not one that Courier would write so. */
static bool says(const struct sizelist_record *r, struct span uidl)
{
	char room[64];
	struct buf again = BUF(room);

	sizelist_uidl(r, &again);
	return !again.cut && again.len == uidl.len &&
	       memcmp(room, uidl.at, uidl.len) == 0;
}

bool sizelist_take_uidl(struct sizelist_record *io, struct span uidl)
{
	const struct span base = name_base(io->name);
	struct span number, validity;

	io->number = io->validity = 0;
	if (base.len == uidl.len && memcmp(base.at, uidl.at, base.len) == 0)
		return true;
	if (!span_starts(uidl, "UID"))
		return false;
	validity = span_after(uidl, strlen("UID"));
	const bool has_validity = span_cut(&validity, '-', &number);
	return span_u32(number, &io->number) && io->number > 0 &&
	       (!has_validity || span_u32(validity, &io->validity)) && says(io, uidl);
}

int sizelist_order(struct span a, struct span b)
{
	const struct name_time a_time = { name_time(a).seconds, 0 };
	const struct name_time b_time = { name_time(b).seconds, 0 };
	const int by = name_time_order(a_time, b_time);

	return by ? by : name_base_order(a, b);
}

/* ---- writing ---- */

void sizelist_put_head(const struct sizelist *l, struct buf *out)
{
	buf_text(out, "/3 ");
	buf_u64(out, l->next);
	buf_char(out, ' ');
	buf_u64(out, l->validity);
	buf_char(out, '\n');
}

void sizelist_put(const struct sizelist_record *r, struct buf *out)
{
	buf_put(out, r->name);
	buf_char(out, ' ');
	buf_u64(out, r->octets);
	buf_char(out, ' ');
	buf_u64(out, r->number);
	buf_char(out, ':');
	buf_u64(out, r->validity);
	buf_text(out, r->is_8bit ? ":1\n" : ":0\n");
}
