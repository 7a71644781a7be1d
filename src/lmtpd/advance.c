/* lmtpd/advance.c - does one step of an LMTP session: what the session asks for.
 *
 * Prefix: advance_.
 */
#include "lmtpd/advance.h"

#include "front/steps.h"
#include "lmtpd/collect.h"
#include "lmtpd/handover.h"
#include "lmtpd/input.h"
#include "lmtpd/maillog.h"
#include "lmtpd/recipients.h"
#include "lmtpd/trust.h"

/* A message is refused once: chunks behind the one that failed share its fault. */
static void log_failure(const struct conn *c, enum fault f)
{
	const struct lmtp_session *s = &c->lmtp->session;

	if (s->ask == LMTP_ASK_RECIPIENT)
		maillog_refused(c, f);
	else if ((s->ask == LMTP_ASK_DATA || s->ask == LMTP_ASK_CHUNK) && !s->spoilt)
		maillog_spoilt(c, f);
}

void advance_step(struct conn *c, const struct lmtp_event *ev)
{
	struct lmtp_session *s = &c->lmtp->session;

	if (ev->kind == LMTP_EVENT_FAILED)
		log_failure(c, ev->fault);
	const enum lmtp_ask ask = lmtp_step(s, ev, &c->front->out);
	if (ask == LMTP_ASK_DATA || ask == LMTP_ASK_CHUNK)
		collect_begin(c);
	if (ask == LMTP_ASK_CLOSE)
		maillog_broken(c);
}

void advance_greet(struct conn *c)
{
	lmtp_greet(&c->lmtp->session, &c->front->out);
}

void advance_secured(struct conn *c)
{
	struct lmtp_event ev;

	c->lmtp->session.trusted |= trust_certificate(c);
	lmtp_done(&ev);
	if (c->lmtp->session.ask == LMTP_ASK_TLS)
		advance_step(c, &ev);
	else
		advance_greet(c);
}

void advance_end(struct conn *c, enum lmtp_reply r, const char *end)
{
	struct lmtp_session *s = &c->lmtp->session;

	recipients_forget(c);
	handover_release(c);
	lmtp_say(s->policy, r, &c->front->out);
	s->ask = lmtp_end(s, end);
}

static enum result read_command(struct conn *c, struct lmtp_event *ev)
{
	const enum result r = input_next(c, ev);

	return r == RESULT_HANGUP ? steps_hangup(c) : r;
}

/* Hand the message over, once; then feed one outcome after the other. */
static enum result deliver(struct conn *c, struct lmtp_event *ev)
{
	const struct collect *m = &c->lmtp->collect;

	if (!c->lmtp->envelope.sent) {
		const enum fault f = collect_seal(c);

		maillog_message(c);
		if (f)
			handover_fail_all(c, f);
		else
			handover_send(c, m->fd, m->octets);
	}
	const struct recipient *r = handover_next(c);
	if (!r)
		return RESULT_WAIT;
	maillog_recipient(c, r);
	*ev = (struct lmtp_event){ .kind = LMTP_EVENT_RESULT,
				   .fault = r->delivery->fault,
				   .line = span_of(r->address) };
	return RESULT_EVENT;
}

static enum result reset(struct conn *c, struct lmtp_event *ev)
{
	recipients_forget(c);
	handover_release(c);
	collect_release(c);
	return lmtp_done(ev);
}

/* Carry out what the session asks for. */
static enum result carry_out(struct conn *c, struct lmtp_event *ev)
{
	switch (c->lmtp->session.ask) {
	case LMTP_ASK_READ:
		return read_command(c, ev);
	case LMTP_ASK_RECIPIENT:
		return recipients_ask(c, ev);
	case LMTP_ASK_DATA:
	case LMTP_ASK_CHUNK:
		return collect_next(c, ev);
	case LMTP_ASK_DELIVER:
		return deliver(c, ev);
	case LMTP_ASK_REPLY: /* the caller has made room */
		return lmtp_done(ev);
	case LMTP_ASK_RESET:
		return reset(c, ev);
	case LMTP_ASK_TLS:
		return steps_start_tls(c, "clear-text-behind-starttls");
	case LMTP_ASK_CLOSE:
		return steps_part(c, c->lmtp->session.end);
	}
	return RESULT_WAIT;
}

enum result advance_lmtp(struct conn *c)
{
	struct lmtp_event ev = { 0 };
	const enum result r = carry_out(c, &ev);

	if (r != RESULT_EVENT)
		return r;
	advance_step(c, &ev);
	return RESULT_DONE;
}
