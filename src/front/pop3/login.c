/* front/pop3/login.c - logs a client in: sends the question to poplar-auth, and handles
 * the answers.
 *
 * Prefix: login_.
 */
#include "front/pop3/login.h"

#include <stdlib.h>
#include <unistd.h>

#include "front/pop3/authlink.h"
#include "front/pop3/droplink.h"
#include "front/pop3/sessionlog.h"
#include "front/pop3/timeout.h"

enum result login_ask(struct conn *c, struct session_event *ev)
{
	struct question *q = &c->pop3->question;

	q->exchange += !q->in_exchange;
	q->waited = q->waited && q->in_exchange;
	q->asked_at = loop_now(&c->front->loop);
	return authlink_ask(c, c->pop3->session.secret, ev);
}

static enum result tell_refused(struct conn *c, enum fault f, struct session_event *ev)
{
	authlink_drop_secret(c);
	c->pop3->awaits = AWAITS_NOTHING;
	timeout_rest(c);
	return result_failed(ev, f);
}

enum result login_refuse(struct conn *c, enum fault f, struct session_event *ev)
{
	sessionlog_refusal(c, f);
	return tell_refused(c, f, ev);
}

/* The delay of a refusal counts from asked_at. It is set anew, so that the refusal of
 * an attempt that had to wait comes as late as that of any other. */
enum result login_due(struct conn *c, struct session_event *ev)
{
	if (c->pop3->awaits == AWAITS_REFUSAL)
		return tell_refused(c, c->pop3->question.refusal, ev);
	c->pop3->question.asked_at = loop_now(&c->front->loop);
	return authlink_ask_again(c, ev);
}

/* The exchange is over: poplar-auth keeps nothing of it. Its last message says which
 * user the client has named. */
static void end_exchange(struct conn *c, struct span user)
{
	authlink_drop_secret(c);
	c->pop3->question.in_exchange = false;
	if (user.len > 0)
		session_set_user(&c->pop3->session, user);
}

/* Keep the ticket for questions about boards. It is empty if the user has no boards.
 * False: out of memory. */
static bool keep_ticket(struct question *q, struct span ticket)
{
	if (ticket.len == 0)
		return true;
	q->ticket = malloc(ticket.len);
	if (!q->ticket)
		return false;
	memcpy(q->ticket, ticket.at, ticket.len);
	q->ticket_len = (uint16_t)ticket.len;
	return true;
}

enum result login_take_ok(struct conn *c, const struct message_AUTH_OK *m, int fd,
			  struct session_event *ev)
{
	if (!c) {
		close(fd); /* that ends the session in poplar-drop */
		return RESULT_WAIT;
	}
	end_exchange(c, m->user);
	if (!keep_ticket(&c->pop3->question, m->ticket)) {
		close(fd);
		return login_refuse(c, FAULT_NOMEM, ev);
	}
	return droplink_attach(c, fd) ? RESULT_WAIT : login_refuse(c, FAULT_NOMEM, ev);
}

enum result login_take_more(struct front *f, struct conn *c,
			    const struct message_AUTH_MORE *m, struct session_event *ev)
{
	if (!c) {
		authlink_cancel(f, m->id, m->exchange);
		return RESULT_WAIT;
	}
	authlink_drop_secret(c);
	timeout_rest(c);
	c->pop3->awaits = AWAITS_NOTHING;
	c->pop3->question.in_exchange = true;
	*ev = (struct session_event){ .kind = EVENT_CHALLENGE, .line = m->challenge };
	return RESULT_EVENT;
}

/* poplar-auth keeps a SASL exchange as it was before the attempt, so the next question
 * goes on with it. */
enum result login_take_later(struct front *f, struct conn *c,
			     const struct message_AUTH_LATER *m)
{
	if (!c) {
		authlink_cancel(f, m->id, m->exchange);
		return RESULT_WAIT;
	}
	c->pop3->question.in_exchange = mechanism_needs(c->pop3->session.mechanism) &
					MECHANISM_SASL;
	c->pop3->question.waited = true;
	c->pop3->question.due_at = loop_now(&f->loop) + m->delay_ms;
	c->pop3->awaits = AWAITS_DELAY;
	timeout_rest(c);
	return RESULT_DONE;
}

/* Log the refusal at once, not after its delay: a client that does not wait for the
 * reply has guessed a password, too. */
enum result login_take_failed(struct conn *c, const struct message_AUTH_FAILED *m,
			      struct session_event *ev)
{
	if (!c)
		return RESULT_WAIT;
	struct question *q = &c->pop3->question;
	end_exchange(c, m->user);
	q->refusal = m->fault > FAULT_NONE && m->fault < FAULT_COUNT
			     ? (enum fault)m->fault
			     : FAULT_PEER;
	q->due_at = q->asked_at + m->delay_ms;
	c->pop3->awaits = AWAITS_REFUSAL;
	sessionlog_refusal(c, q->refusal);
	if (q->due_at <= loop_now(&c->front->loop))
		return login_due(c, ev);
	timeout_rest(c);
	return RESULT_WAIT;
}

enum result login_take_cut(struct conn *c, const struct message_AUTH_OK *m,
			   struct session_event *ev)
{
	if (!c)
		return RESULT_WAIT;
	end_exchange(c, m->user);
	return login_refuse(c, FAULT_LIMIT, ev);
}
