/* mail/parameter.c - parameters of MIME that go beyond ASCII, for those who know no
 * other.
 *
 * Floor 1 (mail): does no I/O. Prefix: field_. RFC 6857 section 3.1.4: as RFC 2231 has
 * them; RFC 6858 section 2.2: not at all.
 */
#include "base/utf8.h"
#include "mail/field.h"
#include "mail/token.h"

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

/* RFC 2231 section 7: attribute-char. */
static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c != '\0' && strchr("!#$&+-.^_`{|}~", c));
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
	struct span head = { s.at, 0 };

	while (head.len < s.len) {
		const size_t octets = utf8_first(span_after(s, head.len));
		const struct span more = { s.at, head.len + (octets > 0 ? octets : 1) };

		if (head.len > 0 && percent_octets(more) > room)
			break;
		head = more;
	}
	return head;
}

/* Each part on a line of its own, if there are more than one (RFC 2231 sections 3 and
 * 4). */
static void put_extended(struct fold *f, struct span name, struct span value)
{
	const size_t most = FOLD_LINE_MAX - 2, used = name.len + strlen(" *=UTF-8''");
	const bool parts = used + percent_octets(value) > most;
	const size_t left = used + 6 < most ? most - used - 6 : 12;
	uint64_t number = 0;

	do {
		const struct span head = parts ? take(value, left) : value;

		fold_gap(f, SPAN(" "));
		fold_reserve(f, used + percent_octets(head));
		fold_glue(f, name);
		fold_glue(f, SPAN("*"));
		if (parts) {
			char digits[24];
			struct buf b = BUF(digits);

			buf_u64(&b, number);
			fold_glue(f, buf_span(&b));
			fold_glue(f, SPAN("*"));
		}
		fold_glue(f, SPAN("="));
		if (number++ == 0)
			fold_glue(f, SPAN("UTF-8''"));
		put_percent(f, head);
		value = span_after(value, head.len);
		if (value.len > 0)
			fold_glue(f, SPAN(";"));
	} while (value.len > 0);
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

/* One that is extended already, but not all of it in ASCII. */
static void repair(struct fold *f, struct span s)
{
	fold_reserve(f, s.len);
	for (size_t i = 0; i < s.len; i++) {
		const struct span c = { &s.at[i], 1 };

		if (utf8_is_ascii(c))
			fold_glue(f, c);
		else
			put_percent(f, c);
	}
}

static void put_parameter(struct fold *f, const struct field_parameter *p,
			  enum field_way way)
{
	if (utf8_is_ascii(p->whole)) {
		fold_glue(f, SPAN(";"));
		fold_gap(f, SPAN(" "));
		fold_text(f, p->whole);
		return;
	}
	if (way == FIELD_SIMPLE && !token_is_ascii(p->whole))
		return;
	fold_glue(f, SPAN(";"));
	fold_gap(f, SPAN(" "));
	if (token_is_ascii(p->whole) || !utf8_is_ascii(p->name) || p->name.len == 0) {
		field_commented(f, p->whole);
	} else if (memchr(p->name.at, '*', p->name.len)) {
		repair(f, p->whole);
	} else {
		const size_t len = field_value(p->value, f->scratch);

		put_extended(f, p->name, (struct span){ f->scratch, len });
		field_comments(f, p->value);
	}
}

void field_parameters(struct fold *f, struct span value, enum field_way way)
{
	struct field_parameter p;
	struct span type;

	token_cut(&value, ";", &type);
	field_commented(f, token_trim(type));
	while (field_next_parameter(&value, &p))
		if (p.whole.len > 0)
			put_parameter(f, &p, way);
}
