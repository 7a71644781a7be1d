/* mail/fold.c - folds a header field in ASCII into lines.
 *
 * Prefix: fold_.
 */
#include "mail/fold.h"

#include "base/ascii.h"
#include "base/utf8.h"

/* TAIL_ROOM: octets kept free behind an encoded-word, for a ',' or ')'. LEAST: an
 * encoded-word begins in a line only if the line has room for this much of its text. */
enum { TAIL_ROOM = 2, LEAST = 24 };

static const char digits[] = "0123456789ABCDEF";

void fold_gap(struct fold *f, struct span white)
{
	if (white.len > FOLD_GAP_MAX)
		white = SPAN(" ");
	memcpy(f->at.gap, white.at, white.len);
	f->at.gap_len = (uint8_t)white.len;
	f->at.soft = false;
}

void fold_soft(struct fold *f)
{
	f->at.gap_len = 0;
	f->at.soft = true;
}

void fold_glue(struct fold *f, struct span s)
{
	const uint64_t before = f->skip > f->made ? f->skip - f->made : 0;

	f->made += s.len;
	f->at.column += (unsigned)s.len;
	f->at.last = FOLD_PLAIN;
	if (before >= s.len)
		return;
	s = span_after(s, (size_t)before);
	s.len = s.len < buf_left(&f->out) ? s.len : buf_left(&f->out);
	buf_put(&f->out, s);
}

void fold_line_end(struct fold *f)
{
	fold_glue(f, SPAN("\r\n"));
	f->at.column = 0;
}

/* The ">=" leaves room for a ','. */
void fold_reserve(struct fold *f, size_t octets)
{
	struct fold_place *p = &f->at;
	const uint8_t last = p->last;

	if ((p->gap_len > 0 || p->soft) &&
	    p->column + p->gap_len + octets >= FOLD_LINE_MAX) {
		fold_line_end(f);
		if (p->gap_len == 0 || p->gap_len + octets >= FOLD_LINE_MAX)
			fold_gap(f, SPAN(" "));
	}
	fold_glue(f, (struct span){ p->gap, p->gap_len });
	p->last = last;
	p->gap_len = 0;
	p->soft = false;
}

void fold_word(struct fold *f, struct span word)
{
	fold_reserve(f, word.len);
	fold_glue(f, word);
}

/* fold_reserve has left room for one octet. A ';' does not use it, so that a ',' may
 * follow. */
void fold_special(struct fold *f, struct span special)
{
	const size_t more = span_is(special, ";") ? 1 : 0;

	if (f->at.last != FOLD_PLAIN)
		fold_gap(f, SPAN(" "));
	else if (f->at.column + special.len + more > FOLD_LINE_MAX)
		fold_soft(f);
	else
		fold_gap(f, SPAN(""));
	fold_word(f, special);
}

/* ---- encoded-words ---- */

/* Characters that need no encoding wherever an encoded-word may stand (RFC 2047 section
 * 5, rule 3). */
static bool is_safe(char c)
{
	return ascii_is_plain(c, "!*+-/");
}

static size_t q_octets(struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += s.at[i] == ' ' || is_safe(s.at[i]) ? 1 : 3;
	return n;
}

static size_t b_octets(size_t len)
{
	return (len + 2) / 3 * 4;
}

static void put_q(struct fold *f, struct span s)
{
	char text[FOLD_LINE_MAX];
	struct buf b = BUF(text);

	for (size_t i = 0; i < s.len; i++) {
		const unsigned char octet = (unsigned char)s.at[i];
		const char hex[] = { '=', digits[octet >> 4], digits[octet & 15] };

		if (octet == ' ')
			buf_char(&b, '_');
		else if (is_safe(s.at[i]))
			buf_char(&b, s.at[i]);
		else
			buf_put(&b, (struct span){ hex, sizeof hex });
	}
	fold_glue(f, buf_span(&b));
}

static void put_b(struct fold *f, struct span s)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char text[FOLD_LINE_MAX];
	struct buf b = BUF(text);

	for (size_t i = 0; i < s.len; i += 3) {
		uint32_t three = 0;
		char four[4];

		for (size_t k = 0; k < 3; k++)
			three = three << 8 |
				(i + k < s.len ? (unsigned char)s.at[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			four[k] = i + k > s.len ? '='
						: letters[three >> (18 - 6 * k) & 63];
		buf_put(&b, (struct span){ four, sizeof four });
	}
	fold_glue(f, buf_span(&b));
}

/* Write the white space that is due, and return how many octets of encoded text fit
 * into the line behind it. `wrap` is the length of the rest of the encoded-word,
 * `octets` that of the encoded text. */
static size_t text_room(struct fold *f, size_t wrap, size_t octets)
{
	fold_reserve(f, wrap + (octets < LEAST ? octets : LEAST) + TAIL_ROOM);
	const size_t taken = f->at.column + wrap + TAIL_ROOM;

	return taken + LEAST < FOLD_LINE_MAX ? FOLD_LINE_MAX - taken : LEAST;
}

/* The length of as many whole characters as fit into `room` encoded octets; at least
 * one. */
static size_t whole_characters(struct span text, size_t room, bool q)
{
	size_t len = 0, used = 0;

	while (len < text.len) {
		const struct span rest = span_after(text, len);
		size_t octets = utf8_first(rest);

		octets = octets > 0 ? octets : 1;
		used = q ? used + q_octets((struct span){ rest.at, octets })
			 : b_octets(len + octets);
		if (used > room && len > 0)
			break;
		len += octets;
	}
	return len;
}

void fold_encoded(struct fold *f, struct span text)
{
	/* people can read much of Q without a decoder: worth up to half more octets */
	const bool q = q_octets(text) <= b_octets(text.len) * 3 / 2;
	const struct span charset = utf8_is(text) ? SPAN("=?UTF-8?")
						  : SPAN("=?UNKNOWN-8BIT?");
	const size_t wrap = charset.len + strlen("Q?"
						 "?=");

	while (text.len > 0) {
		const size_t octets = text.len > LEAST ? (size_t)LEAST
				      : q              ? q_octets(text)
						       : b_octets(text.len);
		const size_t room = text_room(f, wrap, octets);
		const struct span head = { text.at, whole_characters(text, room, q) };

		fold_glue(f, charset);
		fold_glue(f, q ? SPAN("Q?") : SPAN("B?"));
		if (q)
			put_q(f, head);
		else
			put_b(f, head);
		fold_glue(f, SPAN("?="));
		f->at.last = FOLD_OURS;
		text = span_after(text, head.len);
		if (text.len > 0)
			fold_gap(f, SPAN(" "));
	}
}
