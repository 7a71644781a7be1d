/* front/pop3/authlink.c - the questions to poplar-auth, and their queue.
 *
 * Prefix: authlink_.
 */
#include "front/pop3/authlink.h"

#include <stdlib.h>

#include "base/own.h"
#include "base/secret.h"
#include "front/authchannel.h"
#include "front/pop3/timeout.h"
#include "front/slots.h"

/* If the message is lost, poplar-auth ends the exchange by itself after a while. */
void authlink_cancel(const struct front *f, uint64_t id, uint64_t exchange)
{
	const struct message m = { .kind = MESSAGE_AUTH_CANCEL,
				   .AUTH_CANCEL = { id, exchange } };

	fault_ignore(authchannel_tell(f, &m));
}

/* ---- one question ---- */

/* Room for the data besides the client's words on which the proof of some mechanisms
 * depends. */
struct bindings {
	char exporter[TLS_EXPORTER_OCTETS], unique[TLS_UNIQUE_MAX];
	char certificate[TLS_CLIENT_NAME_MAX + 1];
};

/* The channel bindings are sent for mechanisms without -PLUS, too. They show poplar-
 * auth that the server could have offered -PLUS: a client that says that it did not has
 * been deceived (RFC 5802 section 6). */
static void add_bindings(const struct conn *c, struct bindings *b,
			 struct message_AUTH_ASK *ask)
{
	const struct tls *tls = c->client.tls;
	const unsigned needs = mechanism_needs(c->pop3->session.mechanism);

	if (!tls || (needs & MECHANISM_BARES))
		return;
	if (tls_exporter(tls, b->exporter))
		ask->exporter = (struct span){ b->exporter, sizeof b->exporter };
	ask->unique = (struct span){ b->unique, tls_unique(tls, b->unique) };
	if ((needs & MECHANISM_CERTIFICATE) && tls_client_name(tls, b->certificate))
		ask->certificate = span_of(b->certificate);
}

static enum fault send_login(const struct conn *c, struct span secret)
{
	const struct session *s = &c->pop3->session;
	struct bindings bindings;
	struct message ask = { .kind = MESSAGE_AUTH_ASK,
			       .AUTH_ASK = { .id = slots_id(c),
					     .exchange = c->pop3->question.exchange,
					     .waited = c->pop3->question.waited,
					     .tls = s->tls,
					     .mechanism = s->mechanism,
					     .has_response = s->has_secret,
					     .peer = span_of(c->peer),
					     .user = session_user(s),
					     .response = secret } };

	add_bindings(c, &bindings, &ask.AUTH_ASK);
	if (mechanism_needs(s->mechanism) & MECHANISM_TIMESTAMP)
		ask.AUTH_ASK.timestamp = span_of(c->pop3->timestamp);
	return authchannel_tell(c->front, &ask);
}

static enum fault send_response(const struct conn *c, struct span secret)
{
	const struct question *q = &c->pop3->question;
	const struct message m = { .kind = MESSAGE_AUTH_NEXT,
				   .AUTH_NEXT = { slots_id(c), q->exchange, q->waited,
						  secret } };

	return authchannel_tell(c->front, &m);
}

static enum fault send_board(const struct conn *c, struct span name)
{
	const struct question *q = &c->pop3->question;
	const struct message m = { .kind = MESSAGE_BOARD_ASK,
				   .BOARD_ASK = {
					   .id = slots_id(c),
					   .board = c->pop3->session.board,
					   .number = c->pop3->session.number,
					   .name = name,
					   .ticket = { q->ticket, q->ticket_len } } };

	return authchannel_tell(c->front, &m);
}

static enum fault send_question(const struct conn *c)
{
	const struct span secret = { c->pop3->question.secret,
				     c->pop3->question.secret_len };

	if (c->pop3->session.ask == ASK_BOARD)
		return send_board(c, secret);
	return c->pop3->question.in_exchange ? send_response(c, secret)
					     : send_login(c, secret);
}

static bool keep_secret(struct question *q, struct span secret)
{
	q->secret = malloc(secret.len + 1);
	if (!q->secret)
		return false;
	if (secret.len > 0)
		memcpy(q->secret, secret.at, secret.len);
	q->secret_len = (uint16_t)secret.len;
	return true;
}

void authlink_drop_secret(struct conn *c)
{
	secret_wipe(c->pop3->question.secret, c->pop3->question.secret_len);
	free(TAKE(c->pop3->question.secret));
}

/* ---- the queue ---- */

static void enter_queue(struct conn *c)
{
	struct front *f = c->front;

	c->pop3->question.next = NULL;
	c->pop3->question.at = f->pop3->queue_last;
	*c->pop3->question.at = c;
	f->pop3->queue_last = &c->pop3->question.next;
	c->pop3->awaits = AWAITS_QUEUE;
}

static void leave_queue(struct conn *c)
{
	struct question *q = &c->pop3->question;

	*q->at = q->next;
	if (q->next)
		q->next->pop3->question.at = q->at;
	else
		c->front->pop3->queue_last = q->at;
}

/* Send the question now if the queue is empty and the channel takes it; otherwise queue
 * it. */
enum result authlink_ask_again(struct conn *c, struct session_event *ev)
{
	struct front *f = c->front;
	const bool first = !f->pop3->queue;
	const enum fault fault = first ? send_question(c) : FAULT_LIMIT;

	if (fault == FAULT_UNSENDABLE) {
		authlink_drop_secret(c);
		c->pop3->awaits = AWAITS_NOTHING;
		return result_failed(ev, fault);
	}
	timeout_work(c);
	if (fault)
		enter_queue(c);
	else
		c->pop3->awaits = AWAITS_AUTH;
	if (fault && first)
		authchannel_poll(f, true);
	return RESULT_WAIT;
}

enum result authlink_ask(struct conn *c, struct span secret, struct session_event *ev)
{
	return keep_secret(&c->pop3->question, secret) ? authlink_ask_again(c, ev)
						       : result_failed(ev, FAULT_NOMEM);
}

struct conn *authlink_send_queue(struct front *f, enum fault *out)
{
	while (f->pop3->queue) {
		struct conn *c = f->pop3->queue;

		*out = send_question(c);
		if (*out && *out != FAULT_UNSENDABLE)
			return NULL;
		leave_queue(c);
		c->pop3->awaits = AWAITS_AUTH;
		if (*out)
			return c;
	}
	authchannel_poll(f, false);
	return NULL;
}

struct conn *authlink_find(const struct front *f, uint64_t id)
{
	struct conn *c = slots_find(f, id);

	return c && c->pop3->awaits == AWAITS_AUTH ? c : NULL;
}

void authlink_forget(struct conn *c)
{
	struct question *q = &c->pop3->question;
	const bool asked = c->pop3->awaits == AWAITS_AUTH && !conn_is_logged_in(c);

	if (c->pop3->awaits == AWAITS_QUEUE) {
		leave_queue(c);
		c->pop3->awaits = AWAITS_NOTHING;
	}
	if (q->in_exchange || asked)
		authlink_cancel(c->front, slots_id(c), q->exchange);
	q->in_exchange = false;
	authlink_drop_secret(c);
}
