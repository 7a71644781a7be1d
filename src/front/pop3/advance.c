/* front/pop3/advance.c - does one step of a connection: what its session asks for.
 *
 * Prefix: advance_.
 */
#include "front/pop3/advance.h"

#include <stdlib.h>

#include "base/own.h"
#include "base/secret.h"
#include "front/output.h"
#include "front/pop3/authlink.h"
#include "front/pop3/board.h"
#include "front/pop3/body.h"
#include "front/pop3/droplink.h"
#include "front/pop3/input.h"
#include "front/pop3/login.h"
#include "front/pop3/readahead.h"
#include "front/pop3/records.h"
#include "front/pop3/sessionlog.h"
#include "front/steps.h"

static void step(struct conn *c, const struct session_event *ev)
{
	if (session_step(&c->pop3->session, ev, &c->front->out) == ASK_CLOSE)
		sessionlog_broken(c);
}

/* Send the session's question to poplar-auth at once: its password, or the name of its
 * board, borrows from the line, which is valid until the next one is read. */
void advance_step(struct conn *c, struct session_event *ev)
{
	enum result r = RESULT_EVENT;

	while (r == RESULT_EVENT) {
		step(c, ev);
		board_forget_name(c);
		r = RESULT_WAIT;
		if (c->pop3->session.ask == ASK_LOGIN)
			r = login_ask(c, ev);
		else if (c->pop3->session.ask == ASK_BOARD)
			r = board_ask(c, ev);
	}
}

void advance_greet(struct conn *c)
{
	if (c->phase != PHASE_OPEN)
		return;
	if (session_wants_timestamp(&c->pop3->session))
		c->pop3->session.timestamp = c->pop3->timestamp =
			timestamp_make(&c->front->pop3->timestamps);
	session_greet(&c->pop3->session, &c->front->out);
}

static enum result read_command(struct conn *c, struct session_event *ev)
{
	const enum result r = input_next(c, ev);

	if (r == RESULT_HANGUP)
		return steps_hangup(c);
	if (r != RESULT_EVENT)
		return r;
	const struct span line = ev->line;
	advance_step(c, ev);
	if (c->pop3->session.ask != ASK_LOGIN && c->pop3->session.ask != ASK_BOARD)
		authlink_forget(c); /* the line may have ended an exchange */
	/* a line that was refused may hold a password, too */
	if (!conn_is_logged_in(c))
		secret_wipe(unconst(line.at), line.len);
	return RESULT_DONE;
}

void advance_secured(struct conn *c)
{
	char name[TLS_CLIENT_NAME_MAX + 1];

	input_begin(c);
	if (c->pop3->session.ask == ASK_TLS)
		advance_step(c, &(struct session_event){ .kind = EVENT_DONE });
	else
		advance_greet(c);
	c->pop3->session.binds = tls_binds(c->client.tls);
	c->pop3->session.certified = tls_client_name(c->client.tls, name);
}

static enum result feed_records(struct conn *c, struct session_event *ev)
{
	ROOM struct records_batch batch;
	const enum result r = records_read(c, &batch, ev);

	if (r != RESULT_DONE)
		return r;
	do {
		records_event(c, &batch, ev);
		step(c, ev);
	} while (c->pop3->session.ask == ASK_RECORDS && records_next(c, &batch) &&
		 buf_left(&c->front->out) >= SESSION_REPLY_MAX);
	return RESULT_DONE;
}

static enum result send_piece(struct conn *c, struct session_event *ev)
{
	const enum result r = body_send(c, ev);

	if (r == RESULT_DONE && buf_left(&c->front->out) < SESSION_REPLY_MAX)
		return output_flush(c);
	return r;
}

static enum result make_marks(const struct conn *c, struct session_event *ev)
{
	uint64_t *bits = calloc(1, session_marks_octets(&c->pop3->session));

	if (!bits)
		return result_failed(ev, FAULT_NOMEM);
	*ev = (struct session_event){ .kind = EVENT_MARKS, .bits = bits };
	return RESULT_EVENT;
}

/* The session is over. Close its session socket before the last reply is sent: a client
 * that has read the reply may log in again at once, and must find its maildrop
 * unlocked. */
static enum result part(struct conn *c)
{
	droplink_detach(c);
	return steps_part(c, c->pop3->session.end);
}

/* Carry out what the session asks for. */
static enum result carry_out(struct conn *c, struct session_event *ev)
{
	switch (c->pop3->session.ask) {
	case ASK_READ:
	case ASK_RESPONSE:
		return read_command(c, ev);
	case ASK_LOGIN: /* asked by step */
	case ASK_BOARD:
		return RESULT_WAIT;
	case ASK_TLS:
		return steps_start_tls(c, "clear-text-behind-stls");
	case ASK_RECORDS:
		return feed_records(c, ev);
	case ASK_MARKS:
		return make_marks(c, ev);
	case ASK_BODY:
		return readahead_want(c, c->pop3->session.command.msg, ev);
	case ASK_SEND:
		return send_piece(c, ev);
	case ASK_COMMIT:
		return droplink_ask_commit(c, ev);
	case ASK_CLOSE:
		return part(c);
	}
	return RESULT_WAIT;
}

enum result advance(struct conn *c)
{
	struct session_event ev;
	const enum result r = carry_out(c, &ev);

	if (r != RESULT_EVENT)
		return r;
	advance_step(c, &ev);
	return RESULT_DONE;
}
