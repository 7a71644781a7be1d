/* foreign/mboxfile.c - cuts an mbox into its messages, and reads the uids in it.
 *
 * Prefix: mboxfile_.
 */
#include "foreign/mboxfile.h"

#include "base/ascii.h"
#include "foreign/header.h"

/* ---- messages ---- */

static bool is_from(struct span s)
{
	return span_starts(s, "From ");
}

/* The octets of the empty line at the beginning of s, in front of another message; 0:
 * no other message follows. */
static size_t empty_line(struct span s, bool strict)
{
	const size_t len = span_starts(s, "\n")                ? 1
			   : !strict && span_starts(s, "\r\n") ? 2
							       : 0;

	return len > 0 && is_from(span_after(s, len)) ? len : 0;
}

/* The last empty line of the file belongs to no message. */
static bool is_end(struct span s)
{
	return span_is(s, "\n") || span_is(s, "\r\n");
}

bool mboxfile_cut(struct span *io_file, bool strict, struct mboxfile_message *out)
{
	struct span rest = *io_file;

	if (!is_from(rest))
		return false;
	out->from = header_line(&rest);
	out->text = (struct span){ rest.at, 0 };
	while (rest.len > 0) {
		const size_t gap = empty_line(rest, strict);

		if (gap > 0 || is_end(rest)) {
			rest = span_after(rest, gap > 0 ? gap : rest.len);
			break;
		}
		out->text.len += header_line(&rest).len;
	}
	*io_file = rest;
	return true;
}

bool mboxfile_is_pseudo(struct span message)
{
	struct span value, subject;

	return header_find(message, "X-IMAP", &value) &&
	       header_find(message, "Subject", &subject) &&
	       span_starts(header_trim(subject), "DON'T DELETE THIS MESSAGE");
}

/* ---- the time ---- */

/* The number of a month's English name, from 1; 0: it is none. */
static unsigned month_of(struct span word)
{
	static const char names[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

	for (unsigned i = 0; i < 12; i++)
		if (span_is(word, names[i]))
			return i + 1;
	return 0;
}

static struct span next_word(struct span *io)
{
	struct span word = { 0 };

	while (word.len == 0 && io->len > 0)
		span_cut(io, ' ', &word);
	return word;
}

/* Days from 1 January 1970 to this date of the Gregorian calendar: years are counted
 * from March on, so that a leap day is the last one. */
static uint64_t days_to(uint32_t year, unsigned month, uint32_t day)
{
	const uint64_t y = year - (month <= 2);
	const uint64_t of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;

	return y * 365 + y / 4 - y / 100 + y / 400 + of_year - 719468;
}

/* "22:13:21" or "22:13" */
static bool read_clock(struct span word, uint32_t *out_seconds)
{
	uint32_t part[3] = { 0 };
	struct span piece;

	for (int i = 0; i < 3 && word.len > 0; i++) {
		span_cut(&word, ':', &piece);
		if (!span_u32(piece, &part[i]) || part[i] > (i == 0 ? 23 : 60))
			return false;
	}
	*out_seconds = (part[0] * 60 + part[1]) * 60 + part[2];
	return word.len == 0;
}

/* "13 22:13:21 2023", with a time zone in front of the year or not. */
static uint64_t read_date(unsigned month, struct span rest)
{
	uint32_t day = 0, seconds = 0, year = 0;

	if (!span_u32(next_word(&rest), &day) || day < 1 || day > 31 ||
	    !read_clock(next_word(&rest), &seconds))
		return 0;
	while (year == 0 && rest.len > 0)
		if (!span_u32(next_word(&rest), &year))
			year = 0;
	if (year < 1970 || year > 9999)
		return 0;
	return days_to(year, month, day) * 86400 + seconds;
}

uint64_t mboxfile_time(struct span from)
{
	uint64_t time = 0;

	from = header_trim(from);
	while (time == 0 && from.len > 0) {
		const unsigned month = month_of(next_word(&from));

		if (month > 0)
			time = read_date(month, from);
	}
	return time;
}

/* ---- uids ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The text behind the blank that follows the colon. */
static bool take_value(struct span *io, bool strict)
{
	if (strict && (!span_starts(*io, " ") || io->len < 2 || is_blank(io->at[1])))
		return false;
	*io = header_trim(*io);
	return io->len > 0;
}

/* Behind the second number, keywords may follow. */
static bool read_base(struct mboxfile_uids *io, struct span value)
{
	uint32_t validity, last = 0;

	if (!take_value(&value, io->strict) || !span_u32(next_word(&value), &validity))
		return false;
	if (!span_u32(next_word(&value), &last))
		last = 0;
	io->validity = validity;
	io->last = last;
	return true;
}

void mboxfile_base(struct mboxfile_uids *io, struct span message)
{
	struct span value;

	if (!header_find(message, "X-IMAPbase", &value) &&
	    !header_find(message, "X-IMAP", &value))
		return;
	if (!read_base(io, value))
		io->validity = 0;
}

/* Dovecot refuses a uid in the first message that is larger than the last one given,
 * since the message may have come with the field. */
static bool is_right(const struct mboxfile_uids *u, uint32_t uid)
{
	return uid > u->previous && (u->previous > 0 || uid <= u->last);
}

uint32_t mboxfile_uid(struct mboxfile_uids *io, struct span message, bool *out_new)
{
	struct span value;
	uint32_t uid = 0;

	*out_new = true;
	if (io->validity == 0)
		return 0;
	if (header_find(message, "X-UID", &value) && take_value(&value, io->strict) &&
	    span_u32(value, &uid) && is_right(io, uid))
		*out_new = false;
	else
		uid = io->last < UINT32_MAX ? io->last + 1 : 0;
	io->previous = uid;
	if (uid > io->last)
		io->last = uid;
	return uid;
}

bool mboxfile_is_hidden(struct span field)
{
	static const char *const names[] = { "X-UID",  "X-IMAPbase", "X-IMAP",
					     "Status", "X-Status",   "X-Keywords" };
	struct span value;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (header_is(field, names[i], &value))
			return true;
	return false;
}
