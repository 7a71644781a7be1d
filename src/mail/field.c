/* mail/field.c - a header field in ASCII, for those who know no other (RFC 6857,
 * RFC 6858).
 *
 * Floor 1 (mail): does no I/O. Prefix: field_.
 */
#include "mail/field.h"

#include "base/utf8.h"
#include "mail/token.h"

/* ---- comments and phrases ---- */

/* What stands between two parentheses of a comment. */
static void put_inside(struct fold *f, struct span s)
{
	if (utf8_is_ascii(s))
		fold_text(f, s);
	else
		fold_encoded(f,
			     (struct span){ f->scratch, token_unquote(s, f->scratch) });
	if (s.len > 0 && s.at[s.len - 1] == ' ')
		fold_gap(f, SPAN(" "));
}

/* An encoded-word may stand right behind "(" and in front of ")" (RFC 2047 section 5).
 */
static void put_parenthesis(struct fold *f, struct span s)
{
	if (s.at[0] == '(')
		fold_reserve(f, FOLD_LINE_MAX / 2);
	fold_glue(f, s);
	fold_gap(f, s.at[0] == ')' ? SPAN(" ") : SPAN(""));
}

void field_comment(struct fold *f, struct span s)
{
	size_t from = 0;

	if (utf8_is_ascii(s)) {
		fold_text(f, s);
		return;
	}
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '\\' && i + 1 < s.len) {
			i++;
		} else if (s.at[i] == '(' || s.at[i] == ')') {
			put_inside(f, (struct span){ s.at + from, i - from });
			put_parenthesis(f, (struct span){ s.at + i, 1 });
			from = i + 1;
		}
	}
	put_inside(f, span_after(s, from)); /* of one that does not end */
	fold_gap(f, SPAN(""));
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

void field_commented(struct fold *f, struct span text)
{
	enum token token;
	struct span part;

	while ((token = token_next(&text, &part)) != TOKEN_END)
		if (token == TOKEN_WHITE)
			fold_gap(f, part);
		else if (token == TOKEN_COMMENT)
			field_comment(f, part);
		else
			fold_text(f, part);
}

/* Words without a comment between them. */
static void put_words(struct fold *f, struct span s, bool spaced)
{
	enum token token;
	struct span part, words = token_trim(s);
	size_t n = 0;

	if (words.len == 0)
		return;
	if (utf8_is_ascii(words)) {
		fold_text(f, words);
		return;
	}
	while ((token = token_next(&words, &part)) != TOKEN_END) {
		if (token == TOKEN_WHITE) {
			f->scratch[n++] = ' ';
		} else if (token == TOKEN_QUOTED) {
			n += token_unquote(part, f->scratch + n);
		} else {
			memcpy(f->scratch + n, part.at, part.len);
			n += part.len;
		}
	}
	/* White space between two encoded-words is not shown. */
	if (spaced && n < FOLD_FIELD_MAX)
		f->scratch[n++] = ' ';
	fold_encoded(f, (struct span){ f->scratch, n });
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

static void write_phrases(struct fold *f, struct span list)
{
	struct span one;
	char sep;

	do {
		sep = token_cut(&list, ",", &one);
		fold_gap(f, SPAN(" "));
		field_phrase(f, token_trim(one), false);
		if (sep)
			fold_glue(f, SPAN(","));
	} while (sep);
}

/* ---- addresses with a type ---- */

/* RFC 6533 section 3: utf-8-addr-xtext. */
static void put_xtext(struct fold *f, struct span s)
{
	static const char digits[] = "0123456789ABCDEF";

	while (s.len > 0) {
		const size_t octets = utf8_first(s);
		const uint32_t code = octets > 0 ? utf8_code(s) : 0xfffd;
		int places = 2;

		while (code >> 4 * places != 0)
			places++;
		if (code > ' ' && code < 0x7f && !strchr("\\+=", (int)code)) {
			fold_glue(f, (struct span){ s.at, 1 });
		} else {
			fold_glue(f, SPAN("\\x{"));
			for (int i = places - 1; i >= 0; i--)
				fold_glue(f, (struct span){ &digits[code >> 4 * i & 15],
							    1 });
			fold_glue(f, SPAN("}"));
		}
		s = span_after(s, octets > 0 ? octets : 1);
	}
}

/* The type, and where the address begins. True: of the kind that has a form in ASCII,
 * and of a size that a line can have then. */
static bool cut_type(struct span value, struct span *out_type, struct span *out_address)
{
	enum { LONG = 256 };
	char scratch[LONG];
	size_t len;

	if (token_cut(&value, ";", out_type) != ';' || out_type->len > LONG)
		return false;
	*out_address = value;
	len = token_squeeze(*out_type, scratch);
	return span_is_nocase((struct span){ scratch, len }, "utf-8") &&
	       value.len <= LONG;
}

static void write_typed(struct fold *f, struct span value)
{
	struct span type, address, part;
	enum token token;

	if (token_is_ascii(value) || !cut_type(value, &type, &address)) {
		field_commented(f, value);
		return;
	}
	field_commented(f, type);
	fold_glue(f, SPAN(";"));
	while ((token = token_next(&address, &part)) != TOKEN_END)
		if (token == TOKEN_WHITE) {
			fold_gap(f, part);
		} else if (token == TOKEN_COMMENT) {
			field_comment(f, part);
		} else {
			fold_reserve(f, part.len);
			put_xtext(f, part);
		}
}

/* ---- Received ---- */

/* RFC 5321 section 4.4. What names a host or a mailbox may have a domain in it. */
static bool opens_clause(struct span word, bool *out_named)
{
	static const char *const words[] = { "from", "by", "for", "via", "with", "id" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (span_is_nocase(word, words[i])) {
			*out_named = i < 3;
			return true;
		}
	return false;
}

/* Write an atom, with its domain in ASCII. Can it be? (`put` false: that only.) */
static bool put_named(struct fold *f, struct span atom, bool put)
{
	char ascii[FIELD_DOMAIN_MAX];

	if (!utf8_is_ascii(atom)) {
		if (!put && f->domains++ >= FOLD_DOMAINS_MAX)
			return false;
		atom = (struct span){ ascii, field_domain(atom, ascii) };
		if (atom.len == 0)
			return false;
	}
	if (put)
		fold_word(f, atom);
	return true;
}

/* One clause, its first word included: with `put` false, can it stay? A local part that
 * is not ASCII stands in front of an '@', and is no domain. */
static bool put_clause(struct fold *f, struct span clause, bool named, bool put)
{
	struct span part;
	enum token token;

	while ((token = token_next(&clause, &part)) != TOKEN_END) {
		const bool local = span_starts(clause, "@");

		if (token == TOKEN_WHITE) {
			if (put)
				fold_gap(f, part);
		} else if (token == TOKEN_COMMENT) {
			if (put)
				field_comment(f, part);
		} else if (utf8_is_ascii(part)) {
			if (put)
				fold_word(f, part);
		} else if (!named || local || token != TOKEN_ATOM ||
			   !put_named(f, part, put)) {
			return false;
		}
	}
	return true;
}

static void write_clause(struct fold *f, struct span clause, bool named)
{
	if (put_clause(f, clause, named, false))
		put_clause(f, clause, named, true);
}

/* RFC 6857 section 3.2.4: a clause that cannot be said in ASCII goes. */
static void write_received(struct fold *f, struct span value)
{
	const char *from = value.at;
	bool named = false, next = false;
	struct span part, rest = value;
	enum token token;

	while ((token = token_next(&rest, &part)) != TOKEN_END) {
		const bool date = token == TOKEN_SPECIAL && part.at[0] == ';';

		if (!date && !(token == TOKEN_ATOM && opens_clause(part, &next)))
			continue;
		write_clause(f, (struct span){ from, (size_t)(part.at - from) }, named);
		from = part.at;
		named = next;
		if (date)
			break;
	}
	if (token == TOKEN_END)
		write_clause(f, (struct span){ from, (size_t)(part.at - from) }, named);
	else {
		f->gap.len = 0;
		field_commented(f, (struct span){ from, part.len + rest.len });
	}
}

/* ---- all fields ---- */

enum kind {
	TEXT,      /* unstructured: whatever is not named here, too */
	ADDRESSES, /* RFC 6857 section 3.2.1 */
	COMMENTS,  /* ... 3.2.2: ASCII but for those */
	IDS,       /* ... 3.2.3 */
	RECEIVED,  /* ... 3.2.4 */
	VALUES,    /* ... 3.2.5 */
	PHRASES,   /* ... 3.2.7 */
	TYPED,     /* ... 4.2 */
	REMOVED,   /* RFC 6858 section 2.4 */
};

/* clang-format off */
#define FIELD_TABLE(X) \
	/* name                        RFC 6857   RFC 6858 */ \
	X("From",                        ADDRESSES, ADDRESSES) \
	X("Sender",                      ADDRESSES, ADDRESSES) \
	X("To",                          ADDRESSES, ADDRESSES) \
	X("Cc",                          ADDRESSES, ADDRESSES) \
	X("Bcc",                         ADDRESSES, ADDRESSES) \
	X("Reply-To",                    ADDRESSES, ADDRESSES) \
	X("Resent-From",                 ADDRESSES, ADDRESSES) \
	X("Resent-Sender",               ADDRESSES, ADDRESSES) \
	X("Resent-To",                   ADDRESSES, ADDRESSES) \
	X("Resent-Cc",                   ADDRESSES, ADDRESSES) \
	X("Resent-Bcc",                  ADDRESSES, ADDRESSES) \
	X("Return-Path",                 ADDRESSES, ADDRESSES) \
	X("Resent-Reply-To",             ADDRESSES, REMOVED) \
	X("Disposition-Notification-To", ADDRESSES, REMOVED) \
	X("Date",                        COMMENTS,  REMOVED) \
	X("Resent-Date",                 COMMENTS,  REMOVED) \
	X("MIME-Version",                COMMENTS,  REMOVED) \
	X("Content-ID",                  COMMENTS,  REMOVED) \
	X("Content-Transfer-Encoding",   COMMENTS,  REMOVED) \
	X("Content-Language",            COMMENTS,  REMOVED) \
	X("Accept-Language",             COMMENTS,  REMOVED) \
	X("Auto-Submitted",              COMMENTS,  REMOVED) \
	X("Message-ID",                  IDS,       REMOVED) \
	X("Resent-Message-ID",           IDS,       REMOVED) \
	X("In-Reply-To",                 IDS,       REMOVED) \
	X("References",                  IDS,       REMOVED) \
	X("Received",                    RECEIVED,  REMOVED) \
	X("Content-Type",                VALUES,    VALUES) \
	X("Content-Disposition",         VALUES,    VALUES) \
	X("Subject",                     TEXT,      TEXT) \
	X("Keywords",                    PHRASES,   REMOVED) \
	X("Original-Recipient",          TYPED,     REMOVED) \
	X("Final-Recipient",             TYPED,     REMOVED)
/* clang-format on */

static const struct {
	const char *name;
	enum kind kind[2]; /* by enum field_way */
} table[] = {
#define X(name, full, simple) { name, { full, simple } },
	FIELD_TABLE(X)
#undef X
};

static enum kind kind_of(struct span name, enum field_way way)
{
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (span_is_nocase(name, table[i].name))
			return table[i].kind[way];
	return way == FIELD_FULL ? TEXT : REMOVED;
}

bool field_cut(struct span field, struct span *out_name, struct span *out_value)
{
	struct span name;

	*out_value = field;
	if (!span_cut(out_value, ':', &name))
		return false;
	name = token_trim(name);
	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] <= ' ' || name.at[i] > '~')
			return false;
	*out_name = name;
	return name.len > 0;
}

size_t field_unfold(char *at, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		if (at[i] == '\n')
			;
		else if (at[i] != '\r' || i + 1 == len || at[i + 1] != '\n')
			at[n++] = at[i];
	return n;
}

/* RFC 6857 section 3.1.10: what cannot be said is kept where nobody acts on it. */
static bool must_encapsulate(enum kind kind, struct span value)
{
	struct span type, address;

	return (kind == IDS || kind == TYPED) && !token_is_ascii(value) &&
	       !(kind == TYPED && cut_type(value, &type, &address));
}

static void write_value(struct fold *f, enum kind kind, enum field_way way,
			struct span value)
{
	switch (kind) {
	case TEXT:
		fold_text(f, value);
		break;
	case ADDRESSES:
		field_addresses(f, value, way);
		break;
	case COMMENTS:
	case IDS:
		field_commented(f, value);
		break;
	case RECEIVED:
		write_received(f, value);
		break;
	case VALUES:
		field_parameters(f, value, way);
		break;
	case PHRASES:
		write_phrases(f, value);
		break;
	case TYPED:
		write_typed(f, value);
		break;
	case REMOVED:
		break;
	}
}

void field_write(struct fold *f, enum field_way way, struct span field)
{
	struct span name, value;

	if (!field_cut(field, &name, &value))
		return;
	enum kind kind = kind_of(name, way);
	if (kind == REMOVED)
		return;
	if (must_encapsulate(kind, value)) {
		fold_glue(f, SPAN("Downgraded-"));
		kind = TEXT;
	}
	fold_glue(f, name);
	fold_glue(f, SPAN(":"));
	fold_gap(f, SPAN(" "));
	write_value(f, kind, way, token_trim(value));
	f->gap.len = 0;
	fold_line_end(f);
}
