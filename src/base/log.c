/* base/log.c - one line per event, key=value, safe to show to anyone.
 *
 * Prefix: log_.
 */
#include "base/log.h"

#include "base/buf.h"
#include "base/utf8.h"

/* The sink is the one global variable: logging needs no handle. */
static struct {
	log_sink_fn *sink;
	int level;
} out = { NULL, LOG_INFO };

void log_to(log_sink_fn *sink)
{
	out.sink = sink;
}

void log_level(int priority)
{
	out.level = priority;
}

bool log_wants(int priority)
{
	return out.sink && priority <= out.level;
}

static bool is_plain(unsigned char c)
{
	return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
}

static bool is_plain_text(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_plain((unsigned char)s.at[i]))
			return false;
	return s.len > 0;
}

/* The length of the UTF-8 character at the beginning of s. 0: s does not begin with
 * one, or it is a control character, which a terminal could take as a command. In
 * UTF-8, the C1 control characters are C2 80 to C2 9F. */
static size_t character(struct span s)
{
	const unsigned char *c = (const unsigned char *)s.at;
	const size_t len = utf8_first(s);
	const bool control = c[0] < ' ' || c[0] == 0x7f ||
			     (len == 2 && c[0] == 0xc2 && c[1] < 0xa0);

	return control ? 0 : len;
}

static void put_hex(struct buf *b, char octet)
{
	char text[4];
	struct buf hex = BUF(text);

	buf_text(&hex, "\\x");
	buf_hex(&hex, &octet, 1);
	buf_put(b, buf_span(&hex));
}

static void put_escaped(struct buf *b, struct span s)
{
	while (s.len > 0 && !b->cut) {
		size_t len = character(s);

		if (len == 0)
			put_hex(b, s.at[0]);
		else if (s.at[0] == '"' || s.at[0] == '\\')
			buf_put(b, (struct span){ (char[]){ '\\', s.at[0] }, 2 });
		else
			buf_put(b, (struct span){ s.at, len });
		s = span_after(s, len > 0 ? len : 1);
	}
}

static void put_text(struct buf *b, struct span s)
{
	if (is_plain_text(s)) {
		buf_put(b, s);
		return;
	}
	buf_char(b, '"');
	put_escaped(b, s);
	buf_char(b, '"');
}

static void put_millis(struct buf *b, uint64_t ms)
{
	char rest[4] = { '.', (char)('0' + ms / 100 % 10), (char)('0' + ms / 10 % 10),
			 (char)('0' + ms % 10) };

	buf_u64(b, ms / 1000);
	buf_put(b, (struct span){ rest, sizeof rest });
}

static void put_field(struct buf *b, const struct log_field *f)
{
	buf_char(b, ' ');
	buf_text(b, f->key);
	buf_char(b, '=');
	switch (f->kind) {
	case LOG_FIELD_TEXT:
		put_text(b, f->text);
		break;
	case LOG_FIELD_NUMBER:
		buf_u64(b, f->number);
		break;
	case LOG_FIELD_MILLIS:
		put_millis(b, f->number);
		break;
	case LOG_FIELD_END:
		break;
	}
}

static void put_fields(struct buf *b, const struct log_field *fields)
{
	for (const struct log_field *f = fields; f->kind != LOG_FIELD_END && !b->cut;
	     f++)
		if (f->key)
			put_field(b, f);
}

size_t log_format(char *to, size_t room, const char *name,
		  const struct log_field *fields)
{
	struct buf b = { .at = to, .room = room };

	buf_text(&b, "event=");
	buf_text(&b, name);
	put_fields(&b, fields);
	return b.len;
}

void log_fields(int priority, const char *name, const struct log_field *fields)
{
	char line[LOG_LINE_MAX];

	if (log_wants(priority))
		out.sink(priority, (struct span){ line, log_format(line, sizeof line,
								   name, fields) });
}

void log_fault_fields(const struct why *why, const char *name,
		      const struct log_field *fields)
{
	char line[LOG_LINE_MAX], fault[FAULT_LABEL_MAX];
	const struct log_field story[] = {
		LOG_S("fault", fault_label(why->fault, fault)),
		LOG_T("doing", why->doing),
		LOG_T("what", why->what[0] ? why->what : NULL),
		LOG_T("error", why->sys ? strerrordesc_np(why->sys) : NULL),
		{ 0 },
	};
	int priority = fault_priority(why->fault);

	if (!log_wants(priority))
		return;
	struct buf b = BUF(line);
	b.len = log_format(line, sizeof line, name, fields);
	put_fields(&b, story);
	out.sink(priority, buf_span(&b));
}
