/* pop3/reply.c - writes the lines of replies.
 *
 * Prefix: reply_.
 */
#include "pop3/reply.h"

static void end_line(struct buf *out)
{
	buf_put(out, SPAN("\r\n"));
}

/* Put n in the place of "%u" and the octets in that of "%s". */
static void put_filled(struct buf *out, const char *text, uint64_t n,
		       struct span octets)
{
	const char *mark;

	while ((mark = strchr(text, '%')) && mark[1]) {
		buf_put(out, (struct span){ text, (size_t)(mark - text) });
		if (mark[1] == 'u')
			buf_u64(out, n);
		else
			buf_put(out, octets);
		text = mark + 2;
	}
	buf_text(out, text);
}

void reply_ok(struct buf *out, enum language l, enum text id)
{
	buf_put(out, SPAN("+OK "));
	buf_text(out, text_of(l, id));
	end_line(out);
}

void reply_err(struct buf *out, enum language l, enum fault f)
{
	buf_put(out, SPAN("-ERR "));
	if (*fault_code(f)) {
		buf_text(out, fault_code(f));
		buf_char(out, ' ');
	}
	buf_text(out, text_of(l, (enum text)f));
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

void reply_number(struct buf *out, enum language l, enum text id, uint64_t n)
{
	buf_put(out, SPAN("+OK "));
	put_filled(out, text_of(l, id), n, SPAN(""));
	end_line(out);
}

void reply_count(struct buf *out, enum language l, enum text id, uint64_t n,
		 uint64_t octets)
{
	char room[TEXT_OCTETS_ROOM];
	struct buf said = BUF(room);

	put_filled(&said, text_counted(l, TEXT_OCTETS, octets), octets, SPAN(""));
	buf_put(out, SPAN("+OK "));
	put_filled(out, text_counted(l, id, n), n, buf_span(&said));
	end_line(out);
}

void reply_language(struct buf *out, const char *before, enum language l, enum text id)
{
	buf_text(out, before);
	buf_text(out, language_tag(l));
	buf_char(out, ' ');
	buf_text(out, text_of(l, id));
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

void reply_scan(struct buf *out, const char *before, uint64_t msg, uint64_t octets,
		uint32_t maxima)
{
	buf_text(out, before);
	buf_u64(out, msg);
	buf_char(out, ' ');
	buf_u64(out, octets);
	if (maxima > 0) {
		buf_char(out, ' ');
		buf_u64(out, maxima);
	}
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
