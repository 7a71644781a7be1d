/* mail/parts.c - finds the headers of a message and of its parts (RFC 2046).
 *
 * Prefix: parts_.
 */
#include "mail/parts.h"

#include "mail/field.h"
#include "mail/parameter.h"
#include "mail/token.h"

static bool parse_boundary(struct parts *p, struct span value)
{
	char text[PARTS_TYPE_MAX];
	const size_t len = field_value(value, text);

	if (len == 0 || len > PARTS_BOUNDARY_MAX)
		return false;
	memcpy(p->next.text, text, len);
	p->next.len = (uint8_t)len;
	return true;
}

static enum parts_content content_of(struct span type)
{
	static const struct {
		const char *type;
		enum parts_content content;
	} contents[] = {
		{ "message/rfc822", PARTS_CONTENT_MESSAGE },
		{ "message/global", PARTS_CONTENT_MESSAGE },
		{ "message/global-headers", PARTS_CONTENT_MESSAGE },
		{ "message/external-body", PARTS_CONTENT_MESSAGE },
		{ "text/rfc822-headers", PARTS_CONTENT_MESSAGE },
		{ "message/delivery-status", PARTS_CONTENT_STATUS },
		{ "message/global-delivery-status", PARTS_CONTENT_STATUS },
		{ "message/disposition-notification", PARTS_CONTENT_STATUS },
		{ "message/global-disposition-notification", PARTS_CONTENT_STATUS },
	};

	if (span_starts_nocase(type, "multipart/"))
		return PARTS_CONTENT_PARTS;
	for (size_t i = 0; i < sizeof contents / sizeof *contents; i++)
		if (span_is_nocase(type, contents[i].type))
			return contents[i].content;
	return PARTS_CONTENT_OTHER;
}

void parts_read_field(struct parts *p, struct span field)
{
	char text[PARTS_TYPE_MAX], squeezed[64];
	struct span name, value, type;
	struct field_parameter one;
	bool found = false;

	if (p->typed || p->place != PARTS_HEADER ||
	    !span_starts_nocase(field, "Content-Type"))
		return;
	field = field_head(field, sizeof text);
	memcpy(text, field.at, field.len);
	const struct span plain = { text, field_unfold(text, field.len) };
	if (!field_cut(plain, &name, &value) || !span_is_nocase(name, "Content-Type"))
		return;
	token_cut(&value, ";", &type);
	p->typed = true;
	p->content = PARTS_CONTENT_OTHER;
	if (type.len <= sizeof squeezed) {
		type = (struct span){ squeezed, token_squeeze(type, squeezed) };
		p->content = content_of(type);
		p->next.digest = span_is_nocase(type, "multipart/digest");
	}
	while (!found && field_next_parameter(&value, &one))
		found = span_is_nocase(one.name, "boundary") &&
			parse_boundary(p, one.value);
	if (p->content == PARTS_CONTENT_PARTS &&
	    (!found || p->depth == PARTS_DEPTH_MAX))
		p->content = PARTS_CONTENT_OTHER;
}

static void begin_header(struct parts *p)
{
	const bool digest = p->depth > 0 && p->boundaries[p->depth - 1].digest;

	p->place = PARTS_HEADER;
	p->typed = false;
	p->content = digest ? PARTS_CONTENT_MESSAGE : PARTS_CONTENT_OTHER;
}

static void begin_body(struct parts *p)
{
	p->place = p->depth > 0 ? PARTS_BODY : PARTS_REST;
}

void parts_start(struct parts *p)
{
	p->depth = 0;
	begin_header(p);
}

void parts_end_header(struct parts *p)
{
	if (p->place == PARTS_STATUS)
		return;
	switch (p->content) {
	case PARTS_CONTENT_PARTS:
		p->boundaries[p->depth++] = p->next;
		p->place = PARTS_BODY;
		break;
	case PARTS_CONTENT_MESSAGE:
		p->place = PARTS_HEADER;
		p->typed = false;
		p->content = PARTS_CONTENT_OTHER;
		break;
	case PARTS_CONTENT_STATUS:
		p->place = PARTS_STATUS;
		break;
	case PARTS_CONTENT_OTHER:
		begin_body(p);
		break;
	}
}

/* RFC 2046 section 5.1.1: two hyphens and the boundary of an open multipart, the
 * innermost or one around it. Two more hyphens end that multipart. */
bool parts_read_line(struct parts *p, struct span line)
{
	while (line.len > 0 && memchr("\r\n \t", line.at[line.len - 1], 4))
		line.len--;
	if (!span_starts(line, "--"))
		return false;
	line = span_after(line, 2);
	for (uint32_t i = p->depth; i-- > 0;) {
		const struct parts_boundary *b = &p->boundaries[i];

		if (line.len < b->len || memcmp(line.at, b->text, b->len) != 0)
			continue;
		const struct span more = span_after(line, b->len);
		if (more.len == 0) {
			p->depth = i + 1;
			begin_header(p);
			return true;
		}
		if (span_is(more, "--")) {
			p->depth = i;
			begin_body(p);
			return true;
		}
	}
	return false;
}
