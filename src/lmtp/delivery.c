/* lmtp/delivery.c - carries out DATA and BDAT, and replies for each recipient.
 *
 * Prefix: delivery_.
 */
#include "lmtp/delivery.h"

static enum lmtp_reply reply_of(const struct lmtp_session *s, enum fault f)
{
	return f ? lmtp_reply_of(f, s->policy->bounce) : LMTP_REPLY_STORED;
}

static void count(struct lmtp_session *s, enum fault f)
{
	s->results++;
	if (f) {
		s->tally.refused++;
		return;
	}
	s->tally.stored++;
	s->tally.messages += !s->stored;
	s->stored = true;
}

/* Write the reply for the next recipient; `more` is the ask if others follow. */
static enum lmtp_ask reply_for(struct lmtp_session *s, enum fault f,
			       struct span address, enum lmtp_ask more, struct buf *out)
{
	lmtp_reply_about(reply_of(s, f), address, out);
	count(s, f);
	if (s->results < s->recipients)
		return more;
	s->state = LMTP_READY;
	s->resets = LMTP_COMMAND_COUNT;
	return LMTP_ASK_RESET;
}

enum lmtp_ask delivery_next(struct lmtp_session *s, struct buf *out)
{
	return reply_for(s, s->spoilt, SPAN(""), LMTP_ASK_REPLY, out);
}

enum lmtp_ask delivery_result(struct lmtp_session *s, const struct lmtp_event *ev,
			      struct buf *out)
{
	return reply_for(s, ev->fault, ev->line, LMTP_ASK_DELIVER, out);
}

/* The message has ended. */
static enum lmtp_ask deliver(struct lmtp_session *s, struct buf *out)
{
	return s->spoilt ? delivery_next(s, out) : LMTP_ASK_DELIVER;
}

enum lmtp_ask delivery_data(struct lmtp_session *s, const struct lmtp_command *c,
			    struct buf *out)
{
	(void)c;
	(void)lmtp_reply(s, LMTP_REPLY_DATA, out);
	return LMTP_ASK_DATA;
}

enum lmtp_ask delivery_message(struct lmtp_session *s, enum fault f, struct buf *out)
{
	s->spoilt = f;
	return deliver(s, out);
}

/* Why is a chunk not taken in this state? */
static enum lmtp_reply refusal(enum lmtp_state state)
{
	switch (state) {
	case LMTP_FRESH:
		return LMTP_REPLY_NEEDS_LHLO;
	case LMTP_READY:
		return LMTP_REPLY_NEEDS_MAIL;
	case LMTP_MAIL:
		return LMTP_REPLY_NO_RECIPIENT;
	default:
		return LMTP_REPLY_NONE;
	}
}

/* A chunk that is refused gets its reply when it has come. If recipients follow it, the
 * rest of its message must not pass for a whole one. */
enum lmtp_ask delivery_bdat(struct lmtp_session *s, const struct lmtp_command *c,
			    struct buf *out)
{
	(void)out;
	s->refusal = refusal(s->state);
	s->chunk = c->octets;
	s->last = c->last;
	s->keep = !s->refusal && !s->spoilt;
	if (!s->refusal)
		s->state = LMTP_CHUNKS;
	else if (s->state == LMTP_MAIL)
		s->spoilt = c->last ? FAULT_NONE : FAULT_STATE;
	return LMTP_ASK_CHUNK;
}

/* RFC 2033 section 4.3 has no reply to a last chunk without recipients; Exim, which
 * sends it in one segment with RCPT, waits for one. All chunks behind one that could
 * not be kept get its reply: another would turn a temporary failure into a permanent
 * one. */
enum lmtp_ask delivery_chunk(struct lmtp_session *s, enum fault f, struct buf *out)
{
	if (s->refusal)
		return lmtp_reply(s, s->refusal, out);
	if (!s->spoilt)
		s->spoilt = f;
	if (s->last)
		return deliver(s, out);
	return lmtp_reply(s, s->spoilt ? reply_of(s, s->spoilt) : LMTP_REPLY_CHUNK,
			  out);
}
