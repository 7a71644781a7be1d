/* lmtp/state.c - an LMTP session as data: its asks, the events that answer them, and
 * its state.
 *
 * Prefix: lmtp_.
 */
#include "lmtp/state.h"

/* ---- asks and events ---- */

#define X(name) BIT_##name = 1 << LMTP_EVENT_##name,
enum { BIT_NONE = 0, LMTP_EVENT_TABLE(X) };
#undef X
#define OR(name) | BIT_##name

static const struct {
	const char *name;
	unsigned answers; /* a bit for each enum lmtp_event_kind */
} asks[] = {
#define X(name, event, others) { #name, BIT_##event others },
	LMTP_ASK_TABLE(X)
#undef X
};

static const char *const events[] = {
#define X(name) #name,
	LMTP_EVENT_TABLE(X)
#undef X
};

const char *lmtp_ask_name(enum lmtp_ask ask)
{
	return asks[ask].name;
}

const char *lmtp_event_name(enum lmtp_event_kind kind)
{
	return events[kind];
}

bool lmtp_may_answer(enum lmtp_ask ask, enum lmtp_event_kind kind)
{
	return asks[ask].answers >> kind & 1;
}

/* ---- for the commands ---- */

void lmtp_say(const struct lmtp_policy *policy, enum lmtp_reply r, struct buf *out)
{
	const unsigned code = lmtp_reply_code(r);
	const bool names = code == 221 || code == 421;

	lmtp_reply_write(out, r, names ? span_of(policy->host) : SPAN(""));
}

enum lmtp_ask lmtp_reply(struct lmtp_session *s, enum lmtp_reply r, struct buf *out)
{
	if (lmtp_reply_code(r) < 400)
		s->errors = 0;
	lmtp_say(s->policy, r, out);
	return LMTP_ASK_READ;
}

void lmtp_reply_about(enum lmtp_reply r, struct span address, struct buf *out)
{
	char room[PATH_MAILBOX_MAX + 2];
	struct buf subject = BUF(room);

	if (address.len > 0 && address.len <= PATH_MAILBOX_MAX) {
		buf_char(&subject, '<');
		buf_put(&subject, address);
		buf_char(&subject, '>');
	}
	lmtp_reply_write(out, r, buf_span(&subject));
}

enum lmtp_ask lmtp_end(struct lmtp_session *s, const char *how)
{
	s->end = how;
	s->broken = false;
	return LMTP_ASK_CLOSE;
}
