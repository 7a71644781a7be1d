/* net/line.c - cuts a stream of octets into lines.
 *
 * Prefix: line_.
 */
#include "net/line.h"

/* The line without its line end. */
static struct span bare(const char *at, size_t len)
{
	len--;
	if (len > 0 && at[len - 1] == '\r')
		len--;
	return (struct span){ at, len };
}

static char *kept(struct line_reader *r)
{
	return r->room ? r->room : r->text;
}

static size_t limit(const struct line_reader *r)
{
	return r->room ? LINE_LONG_MAX : r->most;
}

/* Keep as much of s as there is room for. If some of it does not fit, the line is
 * over-long, and the rest of the line is dropped. */
static void keep(struct line_reader *r, struct span s)
{
	size_t room = limit(r) - r->len;
	size_t n = s.len < room ? s.len : room;

	if (n > 0)
		memcpy(kept(r) + r->len, s.at, n);
	r->len = (uint16_t)(r->len + n);
	if (n < s.len)
		r->dropping = true;
}

static const char auth[] = "AUTH ";
enum { AUTH_LEN = sizeof auth - 1 };

bool line_is_auth(const struct line_reader *r)
{
	const char *at = r->room ? r->room : r->text;

	return r->len >= AUTH_LEN &&
	       span_is_nocase((struct span){ at, AUTH_LEN }, auth);
}

/* Must the line get more room before `more` is kept? Only a line that begins with AUTH:
 * clients send long initial responses in it, against RFC 5034 section 4. */
static bool grows(const struct line_reader *r, struct span more)
{
	char start[AUTH_LEN];
	size_t n = r->len < AUTH_LEN ? r->len : AUTH_LEN;

	if (!r->auth_grows || r->room || r->dropping || r->len + more.len <= limit(r))
		return false;
	memcpy(start, r->text, n);
	memcpy(start + n, more.at, AUTH_LEN - n);
	return span_is_nocase((struct span){ start, AUTH_LEN }, auth);
}

/* The LF that ends the line, or NULL. */
static const char *find_end(const struct line_reader *r, struct span in)
{
	const char *lf = in.len ? memchr(in.at, '\n', in.len) : NULL;

	while (lf && r->crlf && !(lf > in.at ? lf[-1] == '\r' : r->cr)) {
		const size_t left = in.len - (size_t)(lf + 1 - in.at);
		lf = memchr(lf + 1, '\n', left);
	}
	return lf;
}

enum line_got line_feed(struct line_reader *r, struct span *io_in, struct span *out)
{
	const char *lf = find_end(r, *io_in);
	struct span head = { io_in->at,
			     lf ? (size_t)(lf - io_in->at) + 1 : io_in->len };

	if (head.len == 0)
		return LINE_MORE;
	if (grows(r, head))
		return LINE_GROWS;
	*io_in = span_after(*io_in, head.len);
	if (lf && r->len == 0 && head.len <= limit(r)) {
		*out = bare(head.at, head.len);
		return LINE_FULL;
	}
	keep(r, head);
	r->cr = head.at[head.len - 1] == '\r';
	if (!lf)
		return LINE_MORE;

	bool over = r->dropping;
	*out = over ? (struct span){ kept(r), r->len } : bare(kept(r), r->len);
	r->len = 0;
	r->dropping = false;
	return over ? LINE_OVERLONG : LINE_FULL;
}

char *line_widen(struct line_reader *r, char *room)
{
	const char *from = kept(r);
	char *before = r->room;

	r->room = room;
	if (r->len > limit(r)) {
		r->len = (uint16_t)limit(r);
		r->dropping = true;
	}
	memmove(kept(r), from, r->len);
	return before;
}

static bool starts_with_any(struct span line, const char *const *texts)
{
	for (; *texts; texts++)
		if (span_starts_nocase(line, *texts))
			return true;
	return false;
}

bool line_is_web(struct span line)
{
	static const char *const methods[] = {
		"GET ",     "HEAD ",  "POST ",  "PUT ",   "DELETE ", "CONNECT ",
		"OPTIONS ", "TRACE ", "PATCH ", "PRI * ", NULL,
	};

	return starts_with_any(line, methods);
}

bool line_is_alien(struct span first_line)
{
	static const char *const others[] = {
		"EHLO ", "HELO ", "LHLO ", "MAIL FROM:", "RCPT TO:", "\x16\x03", NULL,
	};

	return line_is_web(first_line) || starts_with_any(first_line, others);
}
