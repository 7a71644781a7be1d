/* mail/fold.c - a header field being written, folded, in ASCII whatever it says.
 *
 * Floor 1 (mail): does no I/O. Prefix: fold_.
 */
#include "mail/fold.h"

#include "base/utf8.h"

/* What an encoded-word costs besides its text; the room left for a ',' or ')' behind
 * one; the least text for which one is begun in a line; what a gap is cut to one space
 * from; words that are split, since no line may be longer than 998 octets. */
enum { WRAP = 12, TAIL_ROOM = 2, LEAST = 24, GAP_MAX = 8, WORD_MAX = 900 };

static const char digits[] = "0123456789ABCDEF";

static bool is_white(char c)
{
	return c == ' ' || c == '\t';
}

void fold_glue(struct fold *f, struct span s)
{
	const uint64_t before = f->skip > f->made ? f->skip - f->made : 0;

	f->made += s.len;
	f->column += (unsigned)s.len;
	if (before >= s.len)
		return;
	s = span_after(s, (size_t)before);
	s.len = s.len < buf_left(&f->out) ? s.len : buf_left(&f->out);
	buf_put(&f->out, s);
}

void fold_line_end(struct fold *f)
{
	fold_glue(f, SPAN("\r\n"));
	f->column = 0;
}

void fold_reserve(struct fold *f, size_t octets)
{
	struct span gap = f->gap;

	if (gap.len > GAP_MAX)
		gap = SPAN(" ");
	/* with room for a ',' */
	if (gap.len > 0 && f->column + gap.len + octets >= FOLD_LINE_MAX)
		fold_line_end(f);
	fold_glue(f, gap);
	f->gap = SPAN("");
}

void fold_word(struct fold *f, struct span word)
{
	fold_reserve(f, word.len);
	fold_glue(f, word);
}

/* ---- encoded-words ---- */

/* What stands for itself in any place (RFC 2047 section 5, rule 3). */
static bool is_safe(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c != '\0' && strchr("!*+-/", c));
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

/* The gap, and how much of an encoded-word's text this line has room for then. Where no
 * gap is, there was one just before. */
static size_t text_room(struct fold *f)
{
	fold_reserve(f, WRAP + LEAST + TAIL_ROOM);
	const size_t taken = f->column + WRAP + TAIL_ROOM;

	return taken + WRAP < FOLD_LINE_MAX ? FOLD_LINE_MAX - taken : WRAP;
}

/* As many whole characters as fit; one at least. */
static size_t take(struct span text, size_t room, bool q)
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
	/* Q can be read by whoever knows none: that is worth some octets */
	const bool q = q_octets(text) <= b_octets(text.len) * 3 / 2;

	while (text.len > 0) {
		const struct span head = { text.at, take(text, text_room(f), q) };

		fold_glue(f, q ? SPAN("=?UTF-8?Q?") : SPAN("=?UTF-8?B?"));
		if (q)
			put_q(f, head);
		else
			put_b(f, head);
		fold_glue(f, SPAN("?="));
		text = span_after(text, head.len);
		if (text.len > 0)
			fold_gap(f, SPAN(" "));
	}
}

/* ---- text ---- */

static size_t white_len(struct span s)
{
	size_t n = 0;

	while (n < s.len && is_white(s.at[n]))
		n++;
	return n;
}

static size_t word_len(struct span s)
{
	size_t n = 0;

	while (n < s.len && !is_white(s.at[n]))
		n++;
	return n;
}

static bool must_encode(struct span word)
{
	return word.len > WORD_MAX || !utf8_is_ascii(word);
}

static bool is_encoded(struct span word)
{
	return word.len > 8 && span_starts(word, "=?") &&
	       span_is(span_after(word, word.len - 2), "?=");
}

/* From a word that must be encoded to the last such word with none of another kind
 * between: white space between two encoded-words is not shown, so that it must be
 * within one. It also is at the end where the sender has one already. */
static size_t run_len(struct span s)
{
	size_t end = word_len(s);

	for (;;) {
		const struct span rest = span_after(s, end);
		const size_t white = white_len(rest);
		const struct span next = { rest.at + white,
					   word_len(span_after(rest, white)) };

		if (must_encode(next))
			end += white + next.len;
		else
			return is_encoded(next) ? end + white : end;
	}
}

void fold_text(struct fold *f, struct span text)
{
	bool encoded = false; /* the word before, by the sender */

	while (text.len > 0) {
		const struct span white = { text.at, white_len(text) };
		const struct span rest = span_after(text, white.len);
		struct span word = { rest.at, word_len(rest) };

		if (word.len == 0)
			return;
		if (white.len > 0)
			fold_gap(f, white);
		if (must_encode(word)) {
			word.len = run_len(rest);
			text = span_after(rest, word.len);
			if (encoded) /* ... and here at the beginning */
				word = (struct span){ white.at, white.len + word.len };
			fold_encoded(f, word);
			if (is_white(word.at[word.len - 1]))
				fold_gap(f, SPAN(" "));
		} else {
			fold_word(f, word);
			text = span_after(rest, word.len);
		}
		encoded = is_encoded(word);
	}
}
