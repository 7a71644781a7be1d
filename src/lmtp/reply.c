/* lmtp/reply.c - the table of replies, and the writer of their lines.
 *
 * Prefix: lmtp_reply_.
 */
#include "lmtp/reply.h"

static const struct {
	unsigned code;
	const char *enhanced, *text;
} table[LMTP_REPLY_COUNT] = { [LMTP_REPLY_NONE] = { 0, "", "" },
#define X(id, code, enhanced, text) [LMTP_REPLY_##id] = { code, enhanced, text },
			      LMTP_REPLY_TABLE(X)
#undef X
};

unsigned lmtp_reply_code(enum lmtp_reply r)
{
	return table[r].code;
}

const char *lmtp_reply_enhanced(enum lmtp_reply r)
{
	return table[r].enhanced;
}

/* What the administrator has to repair is temporary, too: the mail waits meanwhile. */
enum lmtp_reply lmtp_reply_of(enum fault f, bool bounce)
{
	switch (f) {
	case FAULT_NO_USER:
		return LMTP_REPLY_NO_USER;
	case FAULT_NO_DELIVERY:
		return LMTP_REPLY_NO_DELIVERY;
	case FAULT_QUOTA:
		return bounce ? LMTP_REPLY_QUOTA_BOUNCE : LMTP_REPLY_QUOTA;
	case FAULT_TOO_LARGE:
		return LMTP_REPLY_TOO_LARGE;
	case FAULT_FULL:
	case FAULT_LIMIT:
	case FAULT_NOMEM:
		return LMTP_REPLY_FULL;
	default:
		return LMTP_REPLY_TROUBLE;
	}
}

/* A word and the space behind it; nothing for an empty one. */
static void put_word(struct buf *line, struct span word)
{
	if (word.len == 0)
		return;
	buf_put(line, word);
	buf_char(line, ' ');
}

static void put_line(struct buf *out, unsigned code, struct span subject,
		     const char *enhanced, const char *text)
{
	const size_t others = sizeof "250 2.1.5 " - 1 + strlen(text) + sizeof " \r\n" -
			      1;

	buf_u64(out, code);
	buf_char(out, ' ');
	put_word(out, span_of(enhanced));
	if (subject.len + others <= LMTP_REPLY_LINE_MAX)
		put_word(out, subject);
	buf_text(out, text);
	buf_put(out, SPAN("\r\n"));
}

void lmtp_reply_write(struct buf *out, enum lmtp_reply r, struct span subject)
{
	put_line(out, table[r].code, subject, table[r].enhanced, table[r].text);
}

void lmtp_reply_greet(struct buf *out, unsigned code, const char *host,
		      const char *text)
{
	put_line(out, code, span_of(host), "", text);
}

void lmtp_reply_lhlo(struct buf *out, bool last, struct span text)
{
	const size_t most = LMTP_REPLY_LINE_MAX - (sizeof "250-\r\n" - 1);

	buf_put(out, last ? SPAN("250 ") : SPAN("250-"));
	if (text.len > most)
		text.len = most;
	buf_put(out, text);
	buf_put(out, SPAN("\r\n"));
}
