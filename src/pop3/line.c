/* pop3/line.c - cut a stream of octets into command lines.
 *
 * Floor 1 (pop3): does no I/O. Prefix: line_.
 */
#include "pop3/line.h"

/* The line without its line end. */
static struct span bare(const char *at, size_t len)
{
	len--;
	if (len > 0 && at[len - 1] == '\r')
		len--;
	return (struct span){ at, len };
}

/* Keep what fits; what does not makes the line over-long. */
static void keep(struct line_reader *r, struct span s)
{
	size_t room = sizeof r->text - r->len;
	size_t n = s.len < room ? s.len : room;

	if (n > 0)
		memcpy(r->text + r->len, s.at, n);
	r->len = (uint16_t)(r->len + n);
	if (n < s.len)
		r->dropping = true;
}

enum line_got line_feed(struct line_reader *r, struct span *io_in, struct span *out)
{
	const char *lf = io_in->len ? memchr(io_in->at, '\n', io_in->len) : NULL;
	struct span head = { io_in->at,
			     lf ? (size_t)(lf - io_in->at) + 1 : io_in->len };

	*io_in = span_after(*io_in, head.len);
	if (lf && r->len == 0 && head.len <= LINE_OCTETS_MAX) {
		*out = bare(head.at, head.len);
		return LINE_FULL;
	}
	keep(r, head);
	if (!lf)
		return LINE_MORE;

	bool over = r->dropping;
	*out = over ? (struct span){ r->text, r->len } : bare(r->text, r->len);
	r->len = 0;
	r->dropping = false;
	return over ? LINE_OVERLONG : LINE_FULL;
}

bool line_is_alien(struct span first_line)
{
	static const char *const greetings[] = {
		"GET ",     "HEAD ",      "POST ",    "PUT ",     "DELETE ", "CONNECT ",
		"OPTIONS ", "TRACE ",     "PATCH ",   "PRI * ",   "EHLO ",   "HELO ",
		"LHLO ",    "MAIL FROM:", "RCPT TO:", "\x16\x03",
	};

	for (size_t i = 0; i < sizeof greetings / sizeof *greetings; i++)
		if (span_starts_nocase(first_line, greetings[i]))
			return true;
	return false;
}
