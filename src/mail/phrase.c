/* mail/phrase.c - writes words, comments and phrases of a header field in ASCII.
 *
 * Prefix: field_. RFC 2047; RFC 6857 sections 3.1.1 to 3.1.3.
 */
#include "mail/phrase.h"

#include "base/utf8.h"
#include "mail/token.h"

/* RUN_MAX: octets of a run of words that is encoded at once. ENOUGH: octets that must
 * be held to see where a run ends. */
enum { RUN_MAX = 1024, ENOUGH = 4 * RUN_MAX };

static bool is_white(char c)
{
	return c == ' ' || c == '\t';
}

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

/* Printable ASCII, and not too long for a line. */
static bool is_plain_word(struct span word)
{
	for (size_t i = 0; i < word.len; i++)
		if (word.at[i] < ' ' || word.at[i] > '~')
			return false;
	return word.len <= FOLD_WORD_MAX;
}

bool field_is_plain(struct span text)
{
	while (text.len > 0) {
		text = span_after(text, white_len(text));
		const struct span word = { text.at, word_len(text) };
		if (!is_plain_word(word))
			return false;
		text = span_after(text, word.len);
	}
	return true;
}

/* RFC 2047 section 2; somewhat too long ones are read by all, too. */
static bool is_encoded(struct span word)
{
	struct span charset, encoding, text;

	if (!is_plain_word(word) || !span_starts(word, "=?"))
		return false;
	word = span_after(word, 2);
	return span_cut(&word, '?', &charset) && charset.len > 0 &&
	       span_cut(&word, '?', &encoding) &&
	       (span_is_nocase(encoding, "q") || span_is_nocase(encoding, "b")) &&
	       span_cut(&word, '?', &text) && text.len > 0 && span_is(word, "=");
}

/* ---- unstructured text ---- */

static bool must_encode(struct span word)
{
	return word.len > 0 && !is_plain_word(word);
}

struct span field_head(struct span s, size_t most)
{
	size_t len = 0;

	while (len < s.len) {
		const size_t octets = utf8_first(span_after(s, len));

		if (len + (octets > 0 ? octets : 1) > most)
			break;
		len += octets > 0 ? octets : 1;
	}
	return (struct span){ s.at, len };
}

/* From a word that must be encoded to the last such word with none of another kind
 * between: white space between two encoded-words is not shown, so that it must be
 * within one. It also is at the end where the sender has one already. */
static size_t run_len(struct span s)
{
	size_t end = word_len(s);

	if (end > RUN_MAX)
		return field_head(s, RUN_MAX).len;
	for (;;) {
		const struct span rest = span_after(s, end);
		const size_t white = white_len(rest);
		const struct span next = { rest.at + white,
					   word_len(span_after(rest, white)) };

		if (must_encode(next) && end + white + next.len <= RUN_MAX)
			end += white + next.len;
		else
			return is_encoded(next) ? end + white : end;
	}
}

static size_t put_run(struct fold *f, struct span text, size_t white)
{
	const struct span rest = span_after(text, white);
	const size_t len = run_len(rest);
	struct span run = { rest.at, len };

	if (f->at.last != FOLD_PLAIN) { /* the white space is within it, too */
		run = (struct span){ text.at, white + len };
		fold_gap(f, SPAN(" "));
	}
	fold_encoded(f, run);
	return white + len;
}

enum field_went field_text(struct fold *f, struct span *io, enum field_have have)
{
	const size_t white = white_len(*io);
	const struct span rest = span_after(*io, white);
	const struct span word = { rest.at, word_len(rest) };
	const bool goes_on = white == 0 && f->at.last == FOLD_OURS;
	size_t len = white + word.len;

	if (word.len == 0 && have == FIELD_ALL) {
		*io = rest;
		return FIELD_DONE;
	}
	if (have != FIELD_ALL && io->len < ENOUGH)
		return FIELD_MORE;
	if (white > 0)
		fold_gap(f, (struct span){ io->at, white });
	if (white > ENOUGH / 2) {
		len = white;
	} else if (is_encoded(word)) {
		if (goes_on)
			fold_gap(f, SPAN(" "));
		fold_word(f, word);
		f->at.last = FOLD_THEIRS;
	} else if (must_encode(word) || goes_on) {
		len = put_run(f, *io, white);
	} else {
		fold_word(f, word);
	}
	*io = span_after(*io, len);
	return FIELD_WENT;
}

/* ---- all of it encoded ---- */

/* Words collected in the scratch, to be encoded together. */
struct run {
	struct fold *f;
	size_t len;
	bool white; /* ... comes before the next */
};

static void run_end(struct run *r)
{
	if (r->len == 0)
		return;
	if (r->f->at.last != FOLD_PLAIN)
		fold_gap(r->f, SPAN(" "));
	fold_encoded(r->f, (struct span){ r->f->scratch, r->len });
	r->len = 0;
}

/* A blank that is shown. */
static void run_blank(struct run *r)
{
	if (r->white && (r->len > 0 || r->f->at.last != FOLD_PLAIN))
		r->f->scratch[r->len++] = ' ';
	r->white = false;
}

static void run_add(struct run *r, struct span s)
{
	run_blank(r);
	memcpy(r->f->scratch + r->len, s.at, s.len);
	r->len += s.len;
}

static void run_add_theirs(struct run *r, struct span word)
{
	if (r->len > 0)
		run_blank(r);
	run_end(r);
	if (r->f->at.last != FOLD_PLAIN)
		fold_gap(r->f, SPAN(" "));
	fold_word(r->f, word);
	r->f->at.last = FOLD_THEIRS;
	r->white = false;
}

void field_encoded(struct fold *f, struct span text)
{
	struct run r = { .f = f };

	while (text.len > 0) {
		const size_t white = white_len(text);

		r.white = white > 0;
		text = span_after(text, white);
		const struct span word = { text.at, word_len(text) };
		if (is_encoded(word))
			run_add_theirs(&r, word);
		else if (word.len > 0)
			run_add(&r, word);
		text = span_after(text, word.len);
	}
	run_end(&r);
}

void field_ascii(struct fold *f, struct span text)
{
	while (text.len > 0) {
		const struct span white = { text.at, white_len(text) };

		text = span_after(text, white.len);
		const struct span word = { text.at, word_len(text) };
		if (white.len > 0)
			fold_gap(f, white);
		if (word.len > 0)
			fold_word(f, word);
		if (is_encoded(word))
			f->at.last = FOLD_THEIRS;
		text = span_after(text, word.len);
	}
}

/* ---- comments ---- */

/* The text between two parentheses of a comment. */
static void put_inside(struct fold *f, struct span s)
{
	const struct span text = token_trim(s);

	if (s.len > 0 && is_white(s.at[0]) && f->at.gap_len == 0)
		fold_gap(f, SPAN(" "));
	if (text.len == 0)
		return;
	if (field_is_plain(text)) {
		field_ascii(f, text);
	} else {
		char *plain = f->scratch + FOLD_FIELD_MAX / 2;
		const struct span some = field_head(text, FOLD_FIELD_MAX / 2);

		f->lost |= some.len < text.len;
		if (!f->at.soft && f->at.gap_len == 0)
			fold_gap(f, SPAN(" "));
		field_encoded(f, (struct span){ plain, token_unquote(some, plain) });
		fold_soft(f);
	}
	if (is_white(s.at[s.len - 1]))
		fold_gap(f, SPAN(" "));
}

/* An encoded-word may stand right behind "(" and in front of ")" (RFC 2047 section 5).
 */
static void put_parenthesis(struct fold *f, struct span s)
{
	if (s.at[0] == '(') {
		fold_reserve(f, FOLD_LINE_MAX / 2);
		fold_glue(f, s);
	} else {
		if (f->at.gap_len == 0)
			fold_soft(f);
		fold_word(f, s);
	}
	fold_soft(f);
}

void field_comment(struct fold *f, struct span s)
{
	size_t from = 0, depth = 0;

	if (f->at.gap_len == 0)
		fold_soft(f);
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '\\' && i + 1 < s.len) {
			i++;
		} else if (s.at[i] == '(' || s.at[i] == ')') {
			put_inside(f, (struct span){ s.at + from, i - from });
			put_parenthesis(f, (struct span){ s.at + i, 1 });
			depth += s.at[i] == '(' ? 1 : -(size_t)1;
			from = i + 1;
		} else if (s.at[i] == '\\') {
			s.len = i;
		}
	}
	put_inside(f, span_after(s, from)); /* of one that does not end */
	for (; depth > 0; depth--)
		put_parenthesis(f, SPAN(")"));
	fold_soft(f);
}

void field_comments(struct fold *f, struct span s)
{
	enum token token;
	struct span part;

	while ((token = token_next(&s, &part)) != TOKEN_END) {
		if (token != TOKEN_COMMENT)
			continue;
		fold_gap(f, SPAN(" "));
		field_comment(f, part);
	}
}

/* Tokens up to white space or a comment. */
static struct span joined(struct span first, struct span *io)
{
	struct span part, rest = *io;
	enum token token;

	while ((token = token_next(&rest, &part)) != TOKEN_END &&
	       token != TOKEN_WHITE && token != TOKEN_COMMENT) {
		first.len += part.len;
		*io = rest;
	}
	return first;
}

void field_commented(struct fold *f, struct span text)
{
	enum token token;
	struct span part;

	while ((token = token_next(&text, &part)) != TOKEN_END) {
		if (token == TOKEN_WHITE) {
			fold_gap(f, part);
		} else if (token == TOKEN_COMMENT) {
			field_comment(f, part);
		} else {
			part = joined(part, &text);
			if (field_is_plain(part))
				field_ascii(f, part);
			else
				f->lost = true;
		}
	}
}

/* ---- phrases ---- */

/* May it stay as it is? Dots are allowed to those who read (RFC 5322 section 4.1). */
static bool is_phrase(struct span s)
{
	enum token token;
	struct span part;

	if (!field_is_plain(s))
		return false;
	while ((token = token_next(&s, &part)) != TOKEN_END)
		if (token == TOKEN_SPECIAL || token == TOKEN_LITERAL ||
		    (token == TOKEN_ATOM && span_has_any(part, "\\]")) ||
		    (token == TOKEN_QUOTED && !token_is_closed(part)))
			return false;
	return true;
}

/* Words without a comment between them. */
static void put_words(struct fold *f, struct span s, bool spaced)
{
	enum token token, before = TOKEN_WHITE;
	struct span part, words = token_trim(s);
	struct run r = { .f = f };

	if (is_phrase(words)) {
		field_ascii(f, words);
		return;
	}
	while ((token = token_next(&words, &part)) != TOKEN_END) {
		if (token == TOKEN_WHITE) {
			r.white = true;
		} else if (token == TOKEN_QUOTED) {
			run_blank(&r);
			r.len += token_unquote(part, f->scratch + r.len);
		} else if (token == TOKEN_ATOM && before == TOKEN_WHITE &&
			   is_encoded(part) &&
			   (words.len == 0 || is_white(words.at[0]))) {
			run_add_theirs(&r, part);
		} else {
			run_add(&r, part);
		}
		before = token;
	}
	/* White space between two encoded-words is not shown. */
	r.white = spaced;
	run_blank(&r);
	run_end(&r);
}

void field_phrase(struct fold *f, struct span phrase, bool spaced)
{
	const char *from = phrase.at;
	enum token token;
	struct span part;

	while ((token = token_next(&phrase, &part)) != TOKEN_END) {
		if (token != TOKEN_COMMENT)
			continue;
		put_words(f, (struct span){ from, (size_t)(part.at - from) }, false);
		fold_gap(f, SPAN(" "));
		field_comment(f, part);
		fold_gap(f, SPAN(" "));
		from = part.at + part.len;
	}
	put_words(f, (struct span){ from, (size_t)(part.at - from) }, spaced);
}
