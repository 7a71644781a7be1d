/* foreign/uidlist.c - reads and writes dovecot-uidlist.
 *
 * Prefix: uidlist_.
 */
#include "foreign/uidlist.h"

#include "base/ascii.h"
#include "foreign/row.h"
#include "mail/name.h"

static bool take_number(struct span s, uint32_t *out)
{
	return span_u32(s, out) && *out != 0;
}

static bool read_head_1(struct uidlist *l, struct span line)
{
	struct span validity;

	return span_cut(&line, ' ', &validity) && take_number(validity, &l->validity) &&
	       take_number(line, &l->next);
}

/* Fields of the head that are not known here have no influence on unique-ids. */
static bool read_head_3(struct uidlist *l, struct span line)
{
	struct span field;

	while (line.len > 0) {
		span_cut(&line, ' ', &field);
		if (field.len == 0)
			continue;
		const struct span value = span_after(field, 1);

		if (field.at[0] == 'V' && !take_number(value, &l->validity))
			return false;
		if (field.at[0] == 'N' && !take_number(value, &l->next))
			return false;
		if (field.at[0] == 'G')
			l->guid = value;
	}
	return l->validity != 0 && l->next != 0;
}

bool uidlist_begin(struct uidlist *l, struct span text)
{
	struct span version;

	*l = (struct uidlist){ .rest = text };
	struct span line = row_cut(&l->rest, &l->line);
	span_cut(&line, ' ', &version);
	if (!span_u32(version, &l->version))
		return false;
	if (l->version == 1)
		return read_head_1(l, line);
	return l->version == 3 && read_head_3(l, line);
}

/* Take the fields in front of the name. */
static bool take_field(struct uidlist_record *r, struct span field)
{
	const struct span value = span_after(field, 1);
	uint32_t order;

	switch (field.at[0]) {
	case 'O':
		if (!span_u32(value, &order))
			return false;
		r->order = order;
		return true;
	case 'P':
		r->has_uidl = true;
		r->uidl = value;
		return true;
	case 'G':
		r->guid = value;
		return true;
	default:
		return ascii_is_letter(field.at[0]);
	}
}

static bool read_fields(struct uidlist_record *r, struct span *io_line)
{
	struct span field;

	while (io_line->len > 0 && io_line->at[0] != ':') {
		if (!span_cut(io_line, ' ', &field))
			return false;
		if (field.len > 0 && !take_field(r, field))
			return false;
	}
	if (io_line->len == 0)
		return false;
	*io_line = span_after(*io_line, 1);
	return true;
}

enum uidlist_found uidlist_next(struct uidlist *l, struct uidlist_record *out)
{
	struct span uid;

	*out = (struct uidlist_record){ .order = UIDLIST_NO_ORDER };
	if (l->rest.len == 0)
		return UIDLIST_END;
	struct span line = row_cut(&l->rest, &l->line);
	if (!span_cut(&line, ' ', &uid) || !take_number(uid, &out->uid) ||
	    (l->version == 3 && !read_fields(out, &line)))
		return UIDLIST_BROKEN;
	out->base = name_base(line);
	return out->base.len > 0 && !span_has_any(out->base, "/") ? UIDLIST_RECORD
								  : UIDLIST_BROKEN;
}

/* The text behind the digits at the front of s. */
static struct span behind_digits(struct span s)
{
	size_t n = 0;

	while (n < s.len && ascii_is_digit(s.at[n]))
		n++;
	return span_after(s, n);
}

int uidlist_order_new(struct span a, struct span b)
{
	struct name_time a_time = name_time(a), b_time = name_time(b);
	const bool a_has = span_starts(behind_digits(a), ".M");
	const bool b_has = span_starts(behind_digits(b), ".M");

	if (a_time.seconds == b_time.seconds && a_has != b_has)
		return a_has ? -1 : 1;
	if (!a_has)
		a_time.microseconds = b_time.microseconds = 0;
	const int by = name_time_order(a_time, b_time);
	return by ? by : name_base_order(a, b);
}

/* ---- writing ---- */

void uidlist_put_head(const struct uidlist *l, struct buf *out)
{
	buf_text(out, "3 V");
	buf_u64(out, l->validity);
	buf_text(out, " N");
	buf_u64(out, l->next);
	if (l->guid.len > 0) {
		buf_text(out, " G");
		buf_put(out, l->guid);
	}
	buf_char(out, '\n');
}

void uidlist_put(const struct uidlist_record *r, struct buf *out)
{
	buf_u64(out, r->uid);
	if (r->order != UIDLIST_NO_ORDER) {
		buf_text(out, " O");
		buf_u64(out, r->order);
	}
	if (r->has_uidl) {
		buf_text(out, " P");
		buf_put(out, r->uidl);
	}
	if (r->guid.len > 0) {
		buf_text(out, " G");
		buf_put(out, r->guid);
	}
	buf_text(out, " :");
	buf_put(out, r->base);
	buf_char(out, '\n');
}
