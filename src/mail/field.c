/* mail/field.c - writes a header field in ASCII, for clients without UTF8 (RFC 6857,
 * RFC 6858).
 *
 * Prefix: field_.
 */
#include "mail/field.h"

#include "base/utf8.h"
#include "mail/address.h"
#include "mail/parameter.h"
#include "mail/token.h"
#include "mail/trace.h"

enum kind {
	TEXT,      /* unstructured: whatever is not named here, too */
	ADDRESSES, /* RFC 6857 section 3.2.1 */
	COMMENTS,  /* ... 3.2.2: ASCII but for those */
	IDS,       /* ... 3.2.3 */
	RECEIVED,  /* ... 3.2.4 */
	VALUES,    /* ... 3.2.5 */
	PHRASES,   /* ... 3.2.7 */
	TYPED,     /* ... 4.2 */
	HOST,      /* RFC 3464 section 2.2.2 */
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
	X("Final-Recipient",             TYPED,     REMOVED) \
	/* RFC 3464 */ \
	X("Arrival-Date",                COMMENTS,  REMOVED) \
	X("Last-Attempt-Date",           COMMENTS,  REMOVED) \
	X("Will-Retry-Until",            COMMENTS,  REMOVED) \
	X("Action",                      COMMENTS,  REMOVED) \
	X("Status",                      COMMENTS,  REMOVED) \
	X("Reporting-MTA",               HOST,      REMOVED) \
	X("DSN-Gateway",                 HOST,      REMOVED) \
	X("Received-From-MTA",           HOST,      REMOVED) \
	X("Remote-MTA",                  HOST,      REMOVED) \
	X("MDN-Gateway",                 HOST,      REMOVED)
/* clang-format on */

/* Those behind "Final-Recipient" are such in a group of status fields alone. */
static const struct {
	const char *name;
	enum kind kind[2]; /* by enum field_way */
} table[] = {
#define X(name, full, simple) { name, { full, simple } },
	FIELD_TABLE(X)
#undef X
};

/* Fields of a notification are no fields of the message, whose readers need them all:
 * RFC 6858 leaves none of them out. */
static enum kind kind_of(struct span name, enum field_way way, bool status)
{
	if (status)
		way = FIELD_FULL;
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
	return name.len > 0 && name.len <= FIELD_NAME_MAX;
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

/* ---- steps ---- */

/* All of it, or what ends with white space. */
static enum field_went step_commented(struct fold *f, struct span *io,
				      enum field_have have)
{
	struct span part, rest = *io, head = { io->at, 0 };
	enum token token;

	if (have == FIELD_ALL)
		head = *io;
	while (have != FIELD_ALL && (token = token_next(&rest, &part)) != TOKEN_END)
		if (token == TOKEN_WHITE && rest.len > 0)
			head.len = (size_t)(rest.at - head.at);
	if (head.len == 0 && have != FIELD_ALL)
		return FIELD_MORE;
	field_commented(f, head);
	*io = span_after(*io, head.len);
	return have == FIELD_ALL ? FIELD_DONE : FIELD_WENT;
}

static enum field_went step_phrase(struct fold *f, struct field *s, struct span *io,
				   enum field_have have)
{
	struct span one, rest = *io;
	const char sep = token_cut(&rest, ",", &one);

	if (!sep && have != FIELD_ALL)
		return FIELD_MORE;
	one = token_trim(one);
	if (one.len > 0) {
		if (s->listing)
			fold_special(f, SPAN(","));
		s->listing = true;
		fold_gap(f, SPAN(" "));
		field_phrase(f, one, false);
	}
	*io = rest;
	return sep ? FIELD_WENT : FIELD_DONE;
}

/* A field that is held as a whole, or what is held of it. */
static enum field_went step_whole(struct fold *f, struct field *s, struct span *io,
				  enum field_have have)
{
	const struct span value = token_trim(*io);

	if (have == FIELD_PART)
		return FIELD_MORE;
	*io = span_after(*io, io->len);
	if (s->kind == VALUES)
		field_parameters(f, value, (enum field_way)s->way);
	else if (s->kind == TYPED)
		field_typed(f, value);
	else
		field_host(f, value);
	return have == FIELD_ALL ? FIELD_DONE : FIELD_CUT;
}

static enum field_went step(struct fold *f, struct field *s, struct span *io,
			    enum field_have have)
{
	switch ((enum kind)s->kind) {
	case ADDRESSES:
		return field_address(f, s, io, have);
	case COMMENTS:
	case IDS:
		return step_commented(f, io, have);
	case RECEIVED:
		return field_clause(f, io, have);
	case PHRASES:
		return step_phrase(f, s, io, have);
	case VALUES:
	case TYPED:
	case HOST:
		return step_whole(f, s, io, have);
	case TEXT:
	case REMOVED:
		break;
	}
	return field_text(f, io, have);
}

/* ---- beginning ---- */

/* RFC 6857 section 3.1.10: what cannot be said is kept where nobody acts on it. */
static bool must_encapsulate(enum kind kind, struct span value)
{
	return (kind == IDS || kind == TYPED) && !token_is_ascii(value) &&
	       !(kind == TYPED && field_has_typed(value));
}

/* Where only comments may go beyond ASCII, and something else does, there is no field
 * that could be written. */
static bool is_beyond_saying(enum kind kind, struct span value)
{
	struct span type = value;

	if (kind == VALUES) {
		token_cut(&value, ";", &type);
		return !token_is_ascii(type);
	}
	return kind == COMMENTS && !token_is_ascii(value);
}

/* Whatever it was meant to be, it becomes a field that anybody may add (RFC 5322
 * section 3.6.5). */
static bool begin_text(struct fold *f, struct field *s, struct span *io)
{
	const bool ascii = utf8_is_ascii(*io);

	s->ascii_only = s->way == FIELD_SIMPLE;
	s->kind = s->ascii_only && !ascii ? REMOVED : TEXT;
	*io = token_trim(*io);
	if (!ascii && s->kind == TEXT) {
		fold_glue(f, SPAN("Comments:"));
		fold_gap(f, SPAN(" "));
	}
	return s->kind == TEXT;
}

/* Would nothing be written but the name? The first element does not end in what is
 * held. */
static bool is_too_long(const struct fold *f, const struct field *s, struct span value,
			enum field_have have)
{
	struct fold nowhere = *f;
	struct field first = *s;

	nowhere.out.room = nowhere.out.len;
	return have == FIELD_FILL && s->kind != ADDRESSES && s->kind != REMOVED &&
	       step(&nowhere, &first, &value, have) == FIELD_MORE;
}

bool field_begin(struct fold *f, struct field *s, struct span *io, enum field_have have,
		 bool status)
{
	struct span name, value;
	const uint8_t way = s->way;

	*s = (struct field){ .way = way };
	if (!field_cut(*io, &name, &value))
		return begin_text(f, s, io);
	enum kind kind = kind_of(name, way, status);
	if (is_beyond_saying(kind, value)) {
		f->lost = true;
		kind = REMOVED;
	} else if (must_encapsulate(kind, value)) {
		s->encapsulated = true;
		kind = TEXT;
	} else if (kind == REMOVED && have != FIELD_ALL && utf8_is_ascii(value)) {
		s->ascii_only = true;
		kind = TEXT;
	}
	while (value.len > 0 && (value.at[0] == ' ' || value.at[0] == '\t'))
		value = span_after(value, 1);
	s->kind = (uint8_t)kind;
	if (is_too_long(f, s, value, have))
		f->lost = true;
	if (kind == REMOVED || f->lost)
		return false;
	fold_glue(f, s->encapsulated ? SPAN("Downgraded-") : SPAN(""));
	fold_glue(f, name);
	fold_glue(f, SPAN(":"));
	fold_gap(f, SPAN(" "));
	*io = value;
	return true;
}

enum field_went field_step(struct fold *f, struct field *s, struct span *io,
			   enum field_have have)
{
	enum field_went went = FIELD_CUT;

	if (!s->ascii_only || utf8_is_ascii(*io))
		went = step(f, s, io, have);
	if (went == FIELD_MORE && have == FIELD_FILL)
		went = FIELD_CUT;
	if (went == FIELD_CUT)
		f->lost = true;
	if (went == FIELD_CUT || went == FIELD_DONE) {
		fold_soft(f);
		fold_line_end(f);
	}
	return went;
}
