/* front/pop3/pop3.c - the driver of POP3 sessions.
 *
 * Prefix: pop3_. What comes from the client, the timer, poplar-auth and poplar-drop
 * becomes an event; front/turn.c goes on with the connection until something must be
 * waited for.
 */
#include "front/pop3/pop3.h"

#include <stdlib.h>

#include "front/authchannel.h"
#include "front/deadline.h"
#include "front/output.h"
#include "front/pop3/advance.h"
#include "front/pop3/authanswer.h"
#include "front/pop3/authlink.h"
#include "front/pop3/board.h"
#include "front/pop3/body.h"
#include "front/pop3/drop.h"
#include "front/pop3/droplink.h"
#include "front/pop3/input.h"
#include "front/pop3/links.h"
#include "front/pop3/login.h"
#include "front/pop3/offers.h"
#include "front/pop3/readahead.h"
#include "front/pop3/records.h"
#include "front/pop3/sessionlog.h"
#include "front/pop3/timeout.h"
#include "front/protocol.h"
#include "front/turn.h"
#include "pop3/reply.h"

/* ---- a connection ---- */

static bool clear_text_is_ok(const struct front *f, bool is_local)
{
	switch (f->child.settings.plaintext_auth) {
	case PLAINTEXT_AUTH_YES:
		return true;
	case PLAINTEXT_AUTH_LOOPBACK:
		return is_local;
	default:
		return false;
	}
}

/* The setting proxy-from lists proxies that are trusted, so a session whose client
 * speaks TLS with its proxy counts as encrypted. */
static void begin(struct conn *c, const struct address *host, bool is_local)
{
	struct session_policy *policy = &c->front->pop3->policy;
	const bool tls = c->arrival.tls_first || c->arrival.tls_at_proxy;

	(void)host;
	policy->tls_offered = c->front->tls;
	input_init(c);
	session_init(&c->pop3->session, policy, tls,
		     clear_text_is_ok(c->front, is_local));
	advance_greet(c);
}

static void refuse(struct buf *out, enum fault fault)
{
	reply_err(out, LANGUAGE_en, fault);
}

static enum waits waits(const struct conn *c)
{
	switch (c->pop3->awaits) {
	case AWAITS_NOTHING:
		return WAITS_FOR_NOTHING;
	case AWAITS_DELAY:
		return WAITS_FOR_TIME;
	case AWAITS_COMMIT:
		return WAITS_FOR_RESULT;
	default:
		return WAITS_FOR_ANSWER;
	}
}

static bool wants_line(const struct conn *c)
{
	const enum session_ask ask = c->pop3->session.ask;

	return ask == ASK_READ || ask == ASK_RESPONSE;
}

static bool has_secrets(const struct conn *c)
{
	return !conn_is_logged_in(c);
}

static void release(struct conn *c)
{
	authlink_forget(c);
	droplink_detach(c);
	body_close(c);
	readahead_free(c);
	records_close(c);
	input_release(c);
	board_forget_name(c);
	free(c->pop3->question.ticket);
	free(c->pop3->timestamp);
	free(c->pop3->session.bits);
}

static void resume(struct conn *c, enum result r, struct session_event *ev)
{
	if (r == RESULT_EVENT) {
		advance_step(c, ev);
		r = RESULT_DONE;
	}
	turn_resume(c, r);
}

/* ---- the time ---- */

/* A login has taken too long. Tell the client, and end the connection: an answer of
 * poplar-auth may still come, and must not meet another login. */
static void give_up_login(struct conn *c)
{
	struct session_event ev;

	sessionlog_refusal(c, FAULT_IO);
	result_failed(&ev, FAULT_IO);
	advance_step(c, &ev);
	if (!c->output.blocked && output_flush(c) == RESULT_HANGUP)
		turn_end(c, "hangup");
	else
		turn_end(c, "login-too-long");
}

/* RFC 1939 section 3: the autologout sends nothing and removes nothing. */
static void late(struct conn *c)
{
	struct session_event ev;

	switch (timeout_which(c)) {
	case TIMEOUT_QUESTION:
		resume(c, login_due(c, &ev), &ev);
		if (c->phase != PHASE_CLOSED)
			deadline_set(c);
		break;
	case TIMEOUT_LOGIN:
		give_up_login(c);
		break;
	case TIMEOUT_CLIENT:
		turn_end(c, timeout_text(c));
		break;
	}
}

/* ---- poplar-auth ---- */

static enum result fail_question(struct conn *c, enum fault f, struct session_event *ev)
{
	return conn_is_logged_in(c) ? board_take_failed(c, f, ev)
				    : login_refuse(c, f, ev);
}

static void send_queue(struct front *f)
{
	struct session_event ev;
	struct conn *c;
	enum fault fault;

	while ((c = authlink_send_queue(f, &fault)))
		resume(c, fail_question(c, fault, &ev), &ev);
}

static void lose_auth(struct front *f)
{
	for (uint32_t i = 0; i < f->slot_count; i++) {
		struct conn *c = f->slots[i];
		struct session_event ev;

		if (!c)
			continue;
		c->pop3->question.in_exchange = false;
		if (c->pop3->awaits == AWAITS_AUTH || c->pop3->awaits == AWAITS_DELAY)
			resume(c, fail_question(c, FAULT_PEER, &ev), &ev);
	}
}

static void hear_auth(struct front *f, bool cut)
{
	struct session_event ev;
	struct conn *c = NULL;
	const enum result r = cut ? authanswer_take_cut(f, &f->inbox.message, &c, &ev)
				  : authanswer_take(f, &f->inbox, &c, &ev);

	if (c)
		resume(c, r, &ev);
}

static void open_auth(struct front *f)
{
	offers_ask(f);
	authchannel_poll(f, f->pop3->queue);
}

/* ---- poplar-drop ---- */

static enum result lose_drop(const struct drop_link *link, struct session_event *ev)
{
	struct conn *c = link->conn;

	return link == c->pop3->drop.next ? board_fail(c, FAULT_PEER, ev)
					  : drop_lost(c, ev);
}

/* Receive one message and handle it. True: another answer may have come already. */
static bool hear_drop(struct drop_link *link, bool broken)
{
	struct conn *c = link->conn;
	const bool next = link == c->pop3->drop.next;
	struct channel_inbox *in = &c->front->inbox;
	enum result r = RESULT_ILLEGAL;
	struct session_event ev;

	switch (channel_receive(&link->channel, CHANNEL_NOW, in)) {
	case CHANNEL_MESSAGE:
		r = next ? board_take(c, in, &ev) : drop_take(c, in, &ev);
		break;
	case CHANNEL_CUT:
		if (!next)
			r = drop_take_cut(c, &ev);
		break;
	case CHANNEL_EMPTY:
		if (!broken)
			return false;
		break;
	case CHANNEL_CLOSED:
	case CHANNEL_BROKEN:
		break;
	}
	if (r == RESULT_ILLEGAL)
		r = lose_drop(link, &ev);
	resume(c, r, &ev);
	return link->conn && readahead_is_awaited(c);
}

static void on_drop(struct loop_watch *at, unsigned events)
{
	struct drop_link *link = (struct drop_link *)at;
	struct session_event ev;

	if (events & LOOP_WRITE) /* the rest of the marks, and the commit */
		resume(link->conn, droplink_ask_commit(link->conn, &ev), &ev);
	while (link->conn && hear_drop(link, events & LOOP_BROKEN))
		;
}

/* ---- the front ---- */

static const struct protocol protocol = {
	.conn_octets = sizeof(struct pop3_conn),
	.reply_most = SESSION_REPLY_MAX,
	.has_proxies = true,
	.name = "pop3",
	.auth_opened = open_auth,
	.auth_takes = send_queue,
	.auth_says = hear_auth,
	.auth_lost = lose_auth,
	.holds_clients = offers_hold_clients,
	.refuse = refuse,
	.begin = begin,
	.secured = advance_secured,
	.advance = advance,
	.waits = waits,
	.wants_line = wants_line,
	.has_secrets = has_secrets,
	.due = timeout_due,
	.late = late,
	.log_end = sessionlog_end,
	.release = release,
};

void pop3_start(struct front *f, struct pop3_front *pop3)
{
	f->protocol = &protocol;
	f->pop3 = pop3;
	pop3->front = f;
	pop3->drop_wake = on_drop;
	pop3->queue_last = &pop3->queue;
}
