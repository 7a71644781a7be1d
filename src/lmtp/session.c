/* lmtp/session.c - one LMTP session as a state machine: the step.
 *
 * Prefix: lmtp_.
 */
#include "lmtp/session.h"

#include "lmtp/delivery.h"
#include "lmtp/envelope.h"
#include "lmtp/greeting.h"

void lmtp_init(struct lmtp_session *s, const struct lmtp_policy *policy, bool tls,
	       bool trusted)
{
	*s = (struct lmtp_session){
		.policy = policy,
		.state = LMTP_FRESH,
		.ask = LMTP_ASK_READ,
		.tls = tls,
		.trusted = trusted,
	};
}

void lmtp_greet(const struct lmtp_session *s, struct buf *out)
{
	lmtp_reply_greet(out, 220, s->policy->host, "LMTP server ready");
}

/* ---- a line ---- */

static lmtp_command_fn *const handlers[LMTP_COMMAND_COUNT] = {
#define X(name, states, args, handler, source) [LMTP_COMMAND_##name] = handler,
	LMTP_COMMAND_TABLE(X)
#undef X
};

/* Behind a BDAT that cannot be read come octets of which nobody knows how many: none of
 * them may be taken for a command. */
static enum lmtp_ask lose_chunk(struct lmtp_session *s, struct buf *out)
{
	lmtp_say(s->policy, LMTP_REPLY_LOST_CHUNK, out);
	return lmtp_end(s, "malformed-chunk");
}

/* Only a line that is no command counts as an error: a client that is refused MAIL has
 * pipelined RCPT and DATA behind it. */
static enum lmtp_ask refuse(struct lmtp_session *s, enum lmtp_reply r, struct buf *out)
{
	if (lmtp_reply_code(r) != 500 || ++s->errors < s->policy->errors_max)
		return lmtp_reply(s, r, out);
	lmtp_say(s->policy, LMTP_REPLY_ERRORS, out);
	return lmtp_end(s, "too-many-errors");
}

static enum lmtp_ask read_line(struct lmtp_session *s, struct span line,
			       struct buf *out)
{
	struct lmtp_command c;
	const enum lmtp_reply r = lmtp_command_parse(line, s->state, &c);

	if (r == LMTP_REPLY_NONE)
		return handlers[c.id](s, &c, out);
	return c.id == LMTP_COMMAND_BDAT ? lose_chunk(s, out) : refuse(s, r, out);
}

static enum lmtp_ask read_overlong(struct lmtp_session *s, struct span line,
				   struct buf *out)
{
	return span_starts_nocase(line, "BDAT ") ? lose_chunk(s, out)
						 : refuse(s, LMTP_REPLY_OVERLONG, out);
}

/* ---- what was asked has come ---- */

static enum lmtp_ask forgotten(struct lmtp_session *s, struct buf *out)
{
	envelope_forget(s);
	switch (s->resets) {
	case LMTP_COMMAND_LHLO:
		return greeting_offer(s, out);
	case LMTP_COMMAND_RSET:
		return lmtp_reply(s, LMTP_REPLY_RESET, out);
	default:
		return LMTP_ASK_READ;
	}
}

/* RFC 3207 section 4.2: the server forgets what the client has sent before TLS, but not
 * its errors. */
static enum lmtp_ask restart(struct lmtp_session *s)
{
	const struct lmtp_session before = *s;

	lmtp_init(s, before.policy, true, before.trusted);
	s->errors = before.errors;
	s->tally = before.tally;
	return LMTP_ASK_READ;
}

static enum lmtp_ask done(struct lmtp_session *s, struct buf *out)
{
	switch (s->ask) {
	case LMTP_ASK_RECIPIENT:
		return envelope_accepted(s, out);
	case LMTP_ASK_DATA:
		return delivery_message(s, FAULT_NONE, out);
	case LMTP_ASK_CHUNK:
		return delivery_chunk(s, FAULT_NONE, out);
	case LMTP_ASK_REPLY:
		return delivery_next(s, out);
	case LMTP_ASK_RESET:
		return forgotten(s, out);
	default:
		return restart(s);
	}
}

/* A failure without a fault must not look like a success. */
static enum lmtp_ask failed(struct lmtp_session *s, enum fault f, struct buf *out)
{
	f = f ? f : FAULT_IO;
	switch (s->ask) {
	case LMTP_ASK_RECIPIENT:
		return envelope_refused(s, f, out);
	case LMTP_ASK_DATA:
		return delivery_message(s, f, out);
	case LMTP_ASK_CHUNK:
		return delivery_chunk(s, f, out);
	default:
		return lmtp_end(s, "tls-failed");
	}
}

/* ---- the step ---- */

static enum lmtp_ask take(struct lmtp_session *s, const struct lmtp_event *ev,
			  struct buf *out)
{
	switch (ev->kind) {
	case LMTP_EVENT_LINE:
		return read_line(s, ev->line, out);
	case LMTP_EVENT_OVERLONG:
		return read_overlong(s, ev->line, out);
	case LMTP_EVENT_DONE:
		return done(s, out);
	case LMTP_EVENT_FAILED:
		return failed(s, ev->fault, out);
	case LMTP_EVENT_RESULT:
		return delivery_result(s, ev, out);
	}
	return LMTP_ASK_CLOSE;
}

static enum lmtp_ask broken(struct lmtp_session *s, enum lmtp_event_kind kind)
{
	const enum lmtp_ask ask = s->ask;

	lmtp_end(s, "session-broken");
	s->broken = true;
	s->broken_ask = ask;
	s->broken_event = kind;
	return LMTP_ASK_CLOSE;
}

enum lmtp_ask lmtp_step(struct lmtp_session *s, const struct lmtp_event *ev,
			struct buf *out)
{
	if (!lmtp_may_answer(s->ask, ev->kind))
		return s->ask = broken(s, ev->kind);
	return s->ask = take(s, ev, out);
}
