/* mail/parameter.c - writes values with parameters in ASCII.
 *
 * Prefix: field_. RFC 6857 section 3.1.4 encodes parameters as RFC 2231 has it; RFC
 * 6858 section 2.2 leaves them out.
 */
#include "mail/parameter.h"

#include "base/ascii.h"
#include "base/utf8.h"
#include "mail/token.h"

/* The most parameters of one field, and the most octets of their names and charsets. If
 * a field that must be rewritten has more, the rest is left out. */
enum { PARAMETERS_MAX = 64, NAME_MAX_OCTETS = 40, CHARSET_MAX = 20 };

bool field_next_parameter(struct span *io, struct field_parameter *out)
{
	struct span whole, name;

	if (io->len == 0)
		return false;
	token_cut(io, ";", &whole);
	out->whole = token_trim(whole);
	out->value = out->whole;
	span_cut(&out->value, '=', &name);
	out->name = token_trim(name);
	out->value = token_trim(out->value);
	return true;
}

size_t field_value(struct span value, char *out)
{
	enum token token;
	struct span part;
	size_t n = 0;

	while ((token = token_next(&value, &part)) != TOKEN_END) {
		if (token == TOKEN_QUOTED) {
			n += token_unquote(part, out + n);
		} else if (token != TOKEN_WHITE && token != TOKEN_COMMENT) {
			memcpy(out + n, part.at, part.len);
			n += part.len;
		}
	}
	return n;
}

/* ---- as RFC 2231 has them ---- */

/* Section 7: attribute-char. */
static bool is_plain(char c)
{
	return ascii_is_plain(c, "!#$&+-.^_`{|}~");
}

static size_t percent_octets(struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += is_plain(s.at[i]) ? 1 : 3;
	return n;
}

static void put_percent(struct fold *f, struct span s)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.len; i++) {
		const unsigned char octet = (unsigned char)s.at[i];
		const char hex[] = { '%', digits[octet >> 4], digits[octet & 15] };

		if (is_plain(s.at[i]))
			fold_glue(f, (struct span){ &s.at[i], 1 });
		else
			fold_glue(f, (struct span){ hex, sizeof hex });
	}
}

/* As many whole characters as fit into `room`; one at least. */
static struct span take(struct span s, size_t room)
{
	size_t len = 0, used = 0;

	while (len < s.len) {
		size_t octets = utf8_first(span_after(s, len));

		octets = octets > 0 ? octets : 1;
		used += percent_octets((struct span){ s.at + len, octets });
		if (len > 0 && used > room)
			break;
		len += octets;
	}
	return (struct span){ s.at, len };
}

/* What a parameter means. */
struct meaning {
	struct span name, value;
	char charset[CHARSET_MAX];
};

/* "name*3*=", with the charset in the first (sections 3, 4 and 4.1). */
static void put_opening(struct fold *f, const struct meaning *m, bool parts,
			uint64_t number, size_t room)
{
	char text[NAME_MAX_OCTETS + CHARSET_MAX + 40];
	struct buf b = BUF(text);

	buf_put(&b, m->name);
	buf_char(&b, '*');
	if (parts) {
		buf_u64(&b, number);
		buf_char(&b, '*');
	}
	buf_char(&b, '=');
	if (number == 0) {
		buf_text(&b, m->charset);
		buf_text(&b, "''");
	}
	fold_gap(f, SPAN(" "));
	fold_reserve(f, parts ? (size_t)FOLD_LINE_MAX : b.len + room);
	fold_glue(f, buf_span(&b));
}

/* Each part on a line of its own, if there are more than one. */
static void put_meaning(struct fold *f, const struct meaning *m)
{
	struct span left = m->value;
	const size_t room = percent_octets(left);
	const bool parts = m->name.len + strlen(m->charset) + strlen(" *='';") + room >
			   FOLD_LINE_MAX;
	uint64_t number = 0;

	do {
		put_opening(f, m, parts, number++, room);
		const struct span head =
			parts ? take(left, FOLD_LINE_MAX - 1 - f->at.column) : left;
		put_percent(f, head);
		left = span_after(left, head.len);
		if (left.len > 0)
			fold_glue(f, SPAN(";"));
	} while (left.len > 0);
}

/* ---- as they came ---- */

/* A parameter, or a segment of one. */
struct parameter {
	struct field_parameter p;
	struct span base; /* its name without what RFC 2231 adds: */
	bool extended;    /* ... a '*' at its end */
	bool segment;     /* ... a number */
	bool done;
	uint32_t number;
};

struct parameters {
	uint32_t count;
	struct parameter at[PARAMETERS_MAX];
};

static void take_parameter(struct parameter *q, const struct field_parameter *p)
{
	struct span name = p->name, base;

	*q = (struct parameter){ .p = *p };
	if (name.len > 1 && name.at[name.len - 1] == '*') {
		q->extended = true;
		name.len--;
	}
	q->base = name;
	if (span_cut(&name, '*', &base) && span_u32(name, &q->number)) {
		q->segment = true;
		q->base = base;
	}
}

static bool is_same(struct span a, struct span b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (ascii_lower(a.at[i]) != ascii_lower(b.at[i]))
			return false;
	return true;
}

/* RFC 2045 section 5.1, without what RFC 2231 section 7 takes out. */
static bool is_name(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_plain(s.at[i]))
			return false;
	return s.len > 0 && s.len <= NAME_MAX_OCTETS;
}

static int hex(char c)
{
	static const char digits[] = "0123456789ABCDEF0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) & 15 : -1;
}

/* %41 is A. Is it one? */
static bool is_escape(struct span s, char *out)
{
	const int high = s.len >= 3 && s.at[0] == '%' ? hex(s.at[1]) : -1;
	const int low = high >= 0 ? hex(s.at[2]) : -1;

	if (low < 0)
		return false;
	*out = (char)(high * 16 + low);
	return true;
}

/* In place. Returns the octets that are left. */
static size_t unescape(char *at, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; n++)
		if (is_escape((struct span){ at + i, len - i }, &at[n]))
			i += 3;
		else
			at[n] = at[i++];
	return n;
}

static void set_utf8(struct meaning *m)
{
	memcpy(m->charset, "UTF-8", sizeof "UTF-8");
}

/* Add what one of them means to m->value, which lies in the scratch. */
static void add_value(struct meaning *m, const struct parameter *q, char *scratch)
{
	char *at = scratch + m->value.len;
	size_t len = field_value(q->p.value, at);
	struct span charset, language, rest = { at, len };

	if (q->extended && q->number == 0 && span_cut(&rest, '\'', &charset) &&
	    span_cut(&rest, '\'', &language)) {
		if (!is_name(charset) || !span_copy(charset, m->charset, CHARSET_MAX))
			set_utf8(m);
		len = rest.len;
		memmove(at, rest.at, len);
	}
	m->value.len += q->extended ? unescape(at, len) : len;
}

static const struct parameter *find_segment(const struct parameters *all,
					    struct span base, uint32_t number)
{
	for (uint32_t i = 0; i < all->count; i++)
		if (all->at[i].segment && all->at[i].number == number &&
		    is_same(all->at[i].base, base))
			return &all->at[i];
	return NULL;
}

/* The parameters that have the name of `first`, and what they mean together: one that
 * is whole, an extended one rather than another, or all segments in their order. */
static void find_meaning(const struct parameters *all, const struct parameter *first,
			 struct meaning *m, char *scratch)
{
	const struct parameter *whole = NULL, *q;

	*m = (struct meaning){ .name = first->base, .value = { scratch, 0 } };
	set_utf8(m);
	for (uint32_t i = 0; i < all->count; i++) {
		q = &all->at[i];
		if (is_same(q->base, first->base) && !q->segment &&
		    (!whole || (q->extended && !whole->extended)))
			whole = q;
	}
	if (whole)
		add_value(m, whole, scratch);
	for (uint32_t n = 0; !whole && (q = find_segment(all, first->base, n)); n++)
		add_value(m, q, scratch);
	if (strcmp(m->charset, "UTF-8") == 0 && !utf8_is(m->value))
		memcpy(m->charset, "UNKNOWN-8BIT", sizeof "UNKNOWN-8BIT");
}

/* Does any with that name, or a segment of it, have to be rewritten? */
static bool is_beyond(const struct parameters *all, struct span base)
{
	for (uint32_t i = 0; i < all->count; i++)
		if (is_same(all->at[i].base, base) &&
		    !token_is_ascii(all->at[i].p.whole))
			return true;
	return false;
}

static void put_semicolon(struct fold *f)
{
	fold_special(f, SPAN(";"));
	fold_gap(f, SPAN(" "));
}

static void put_rewritten(struct fold *f, const struct parameters *all,
			  const struct parameter *q)
{
	struct meaning m;

	find_meaning(all, q, &m, f->scratch);
	if (!is_name(q->base) || q->p.name.len == q->p.whole.len) {
		f->lost = true;
		return;
	}
	put_semicolon(f);
	put_meaning(f, &m);
	field_comments(f, q->p.value);
}

static void put_parameter(struct fold *f, struct parameters *all, struct parameter *q,
			  enum field_way way)
{
	const bool plain = field_is_plain(q->p.whole);

	if (is_beyond(all, q->base) || (utf8_is_ascii(q->p.whole) && !plain)) {
		if (way == FIELD_FULL)
			put_rewritten(f, all, q);
		for (uint32_t i = 0; i < all->count; i++)
			all->at[i].done |= is_same(all->at[i].base, q->base);
		return;
	}
	put_semicolon(f);
	if (plain)
		field_ascii(f, q->p.whole);
	else
		field_commented(f, q->p.whole);
}

void field_parameters(struct fold *f, struct span value, enum field_way way)
{
	struct parameters all;
	struct field_parameter p;
	struct span type;

	all.count = 0;
	token_cut(&value, ";", &type);
	field_commented(f, token_trim(type));
	while (all.count < PARAMETERS_MAX && field_next_parameter(&value, &p))
		if (p.whole.len > 0)
			take_parameter(&all.at[all.count++], &p);
	f->lost |= value.len > 0;
	for (uint32_t i = 0; i < all.count; i++)
		if (!all.at[i].done)
			put_parameter(f, &all, &all.at[i], way);
}
