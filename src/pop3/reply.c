/* pop3/reply.c - the shapes of what a server says.
 *
 * Floor 1 (pop3): does no I/O. Prefix: reply_.
 */
#include "pop3/reply.h"

static void end_line(struct buf *out)
{
	buf_put(out, SPAN("\r\n"));
}

void reply_ok(struct buf *out, const char *text)
{
	buf_put(out, SPAN("+OK "));
	buf_text(out, text);
	end_line(out);
}

void reply_err(struct buf *out, enum fault f)
{
	buf_put(out, SPAN("-ERR "));
	if (*fault_code(f)) {
		buf_text(out, fault_code(f));
		buf_char(out, ' ');
	}
	buf_text(out, fault_text(f));
	end_line(out);
}

void reply_line(struct buf *out, const char *text)
{
	buf_text(out, text);
	end_line(out);
}

void reply_dot(struct buf *out)
{
	buf_put(out, SPAN(".\r\n"));
}

void reply_holds(struct buf *out, const char *before, uint64_t n, uint64_t octets)
{
	buf_put(out, SPAN("+OK "));
	buf_text(out, before);
	buf_u64(out, n);
	buf_text(out, n == 1 ? " message (" : " messages (");
	buf_u64(out, octets);
	buf_put(out, SPAN(" octets)\r\n"));
}

void reply_count(struct buf *out, const char *before, uint64_t n, const char *after)
{
	buf_put(out, SPAN("+OK "));
	buf_text(out, before);
	buf_u64(out, n);
	buf_text(out, after);
	end_line(out);
}

void reply_pair(struct buf *out, const char *before, uint64_t a, uint64_t b)
{
	buf_text(out, before);
	buf_u64(out, a);
	buf_char(out, ' ');
	buf_u64(out, b);
	end_line(out);
}

void reply_uid(struct buf *out, const char *before, uint64_t n, struct span uid)
{
	buf_text(out, before);
	buf_u64(out, n);
	buf_char(out, ' ');
	buf_put(out, uid);
	end_line(out);
}
