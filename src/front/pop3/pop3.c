/* front/pop3/pop3.c - the driver of POP3 sessions.
 *
 * Prefix: pop3_. Three descriptors and a timer wake a connection: the client's socket,
 * the channel to poplar-auth, the session socket to poplar-drop. Each wake hears what
 * has come, steps the session with it (settle), and goes on until something must be
 * waited for (go). go decides what the client's socket is watched for (wanted);
 * on_client and hung_up can only stop watching it.
 */
#include "front/pop3/pop3.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/secret.h"
#include "front/arrival.h"
#include "front/client.h"
#include "front/conn.h"
#include "front/deadline.h"
#include "front/listener.h"
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
#include "front/pop3/readahead.h"
#include "front/pop3/records.h"
#include "front/pop3/sessionlog.h"
#include "sys/clock.h"

/* The bounds of a turn: after so many steps or so many milliseconds, a connection that
 * has more to do lets the others have their turn. The time is needed, because some
 * steps take a thousand times as long as others. */
enum { TURNS_MAX = 64, TURN_MS = 3 };

/* ---- the end ---- */

static void release(struct conn *c)
{
	authlink_forget(c);
	droplink_detach(c);
	body_close(c);
	readahead_free(c);
	records_close(c);
	input_release(c);
	board_forget_name(c);
	free(c->question.ticket);
	free(c->timestamp);
	free(c->session.bits);
}

/* Close the connection. `how`, for the log; NULL: that has been logged. */
static void end(struct conn *c, const char *how)
{
	struct front *f = c->front;

	f->out.len = 0;
	if (how)
		sessionlog_end(c, how);
	if (c->client.tls && !c->output.blocked && output_end(c) == RESULT_HANGUP)
		f->sealed.len = 0;
	release(c);
	conn_close(c);
}

static void watch(struct conn *c, unsigned events)
{
	if (!loop_watch(&c->front->loop, &c->watch, events))
		end(c, "out-of-memory");
}

/* The client has gone: close the connection. If poplar-drop is removing messages, keep
 * it until the result has come, which the log reports. */
static void hung_up(struct conn *c)
{
	if (c->awaits != AWAITS_COMMIT) {
		end(c, "hangup");
		return;
	}
	c->phase = PHASE_GONE;
	watch(c, 0);
}

/* ---- a turn ---- */

/* Do what a result demands. True: the connection can go on at once. */
static bool settle(struct conn *c, enum result r, struct session_event *ev)
{
	static const char *const ends[RESULT_COUNT] = {
#define X(name, text) [RESULT_##name] = text,
		RESULT_ENDS(X)
#undef X
	};

	switch (r) {
	case RESULT_EVENT:
		advance_step(c, ev);
		return true;
	case RESULT_DONE:
		return true;
	case RESULT_WAIT:
		break;
	case RESULT_YIELD:
		c->unfinished = true;
		break;
	case RESULT_HANGUP:
		hung_up(c);
		break;
	case RESULT_OVER:
		end(c, c->session.end);
		break;
	default:
		end(c, ends[r]);
		break;
	}
	return false;
}

/* Does the connection wait for its client, with nothing to do? Then a front that stops
 * closes it. */
static bool is_idle(const struct conn *c)
{
	const enum session_ask ask = c->session.ask;

	if (c->phase != PHASE_OPEN)
		return c->phase != PHASE_GONE;
	return (ask == ASK_READ || ask == ASK_RESPONSE) && !c->output.blocked &&
	       c->client.in.len == 0;
}

/* The events that the client's socket is watched for. While another process works for
 * the client, reading stays as it was: clients seldom send then, so this saves system
 * calls; if input comes, on_client() ends the watch. With AWAITS_DELAY the front
 * watches for a hangup alone: a client that is delayed must stay connected. */
static unsigned wanted(const struct conn *c)
{
	if (c->phase == PHASE_GONE)
		return 0;
	if (c->output.blocked)
		return LOOP_WRITE;
	if (c->awaits == AWAITS_DELAY)
		return LOOP_HANGUP;
	if (c->awaits != AWAITS_NOTHING)
		return c->watch.events & LOOP_READ;
	return c->unfinished ? LOOP_WRITE : LOOP_READ;
}

/* A turn: do everything that can be done now, send the replies, and set what the
 * client's socket is watched for. */
static void go(struct conn *c)
{
	struct front *f = c->front;
	const bool secret = !conn_is_logged_in(c);
	const uint64_t over = clock_ms() + TURN_MS;
	struct session_event ev;
	int turns = 0;

	c->unfinished = false;
	while (c->phase != PHASE_CLOSED && !c->unfinished &&
	       settle(c, advance(c, &ev), &ev))
		c->unfinished = ++turns == TURNS_MAX || clock_ms() >= over;
	if (c->phase != PHASE_CLOSED &&
	    (output_flush(c) == RESULT_HANGUP || !client_keep_input(c)))
		hung_up(c);
	if (secret)
		secret_wipe(f->input, sizeof f->input);
	if (c->phase == PHASE_CLOSED)
		return;
	if (f->stopping && is_idle(c))
		end(c, "shutdown");
	else
		watch(c, wanted(c));
}

static void resume(struct conn *c, enum result r, struct session_event *ev)
{
	if (settle(c, r, ev))
		go(c);
}

/* ---- the client's socket and the timer ---- */

static void on_client(struct loop_watch *at, unsigned events)
{
	struct conn *c = (struct conn *)at;

	if (events & (LOOP_BROKEN | LOOP_HANGUP)) {
		hung_up(c);
		return;
	}
	if ((events & LOOP_WRITE) && c->output.blocked &&
	    output_drain(c) == RESULT_HANGUP) {
		hung_up(c);
		return;
	}
	if (events & LOOP_READ) {
		c->client.readable = true;
		if (c->awaits != AWAITS_NOTHING) {
			watch(c, at->events & ~(unsigned)LOOP_READ);
			return;
		}
	}
	go(c);
}

/* A login has taken too long. Tell the client, and end the connection: an answer of
 * poplar-auth may still come, and must not meet another login. */
static void give_up_login(struct conn *c)
{
	struct session_event ev;

	sessionlog_refusal(c, FAULT_IO);
	result_failed(&ev, FAULT_IO);
	advance_step(c, &ev);
	if (!c->output.blocked && output_flush(c) == RESULT_HANGUP)
		end(c, "hangup");
	else
		end(c, "login-too-long");
}

/* RFC 1939 section 3: the autologout sends nothing and removes nothing. */
static void on_timer(struct loop_timer *timer)
{
	struct conn *c = LOOP_OWNER(timer, struct conn, deadline.timer);
	struct session_event ev;

	switch (deadline_came(c)) {
	case DEADLINE_AHEAD:
		break;
	case DEADLINE_CLIENT_GONE:
		end(c, "client-gone");
		break;
	case DEADLINE_QUESTION:
		resume(c, login_due(c, &ev), &ev);
		if (c->phase != PHASE_CLOSED)
			deadline_set(c);
		break;
	case DEADLINE_LOGIN:
		give_up_login(c);
		break;
	case DEADLINE_OVER:
		end(c, deadline_text(c));
		break;
	}
}

static void accept_client(struct front *f, int fd, bool tls,
			  const struct sock_address *peer)
{
	struct conn *c = conn_new(f, fd, tls, peer);
	struct session_event ev;

	if (!c)
		return;
	c->watch.wake = on_client;
	c->deadline.timer.due = on_timer;
	input_init(c);
	const enum result r = arrival_begin(c, peer);
	if (r != RESULT_WAIT && !settle(c, r, &ev))
		return;
	deadline_set(c);
	advance_greet(c);
	go(c);
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

/* Fail every question that was sent, and do not repeat it: it may be what killed
 * poplar-auth. Questions in the queue wait for the next channel. */
static void lose_auth(struct front *f)
{
	authlink_close(f);
	for (uint32_t i = 0; i < f->slot_count; i++) {
		struct conn *c = f->slots[i];
		struct session_event ev;

		if (!c)
			continue;
		c->question.in_exchange = false;
		if (c->awaits == AWAITS_AUTH || c->awaits == AWAITS_DELAY)
			resume(c, fail_question(c, FAULT_PEER, &ev), &ev);
	}
}

static void on_auth(struct loop_watch *at, unsigned events)
{
	struct auth_link *link = (struct auth_link *)at;
	struct front *f = link->front;
	const struct message *m = &f->inbox.message;
	struct session_event ev;

	if (events & LOOP_WRITE)
		send_queue(f);
	while (f->auth == link) {
		enum result r = RESULT_WAIT;
		struct conn *c = NULL;

		switch (channel_receive(&link->channel, CHANNEL_NOW, &f->inbox)) {
		case CHANNEL_MESSAGE:
			r = authanswer_take(f, &f->inbox, &c, &ev);
			break;
		case CHANNEL_CUT:
			r = authanswer_take_cut(f, m, &c, &ev);
			break;
		case CHANNEL_EMPTY:
			if (events & LOOP_BROKEN)
				lose_auth(f);
			return;
		case CHANNEL_CLOSED:
		case CHANNEL_BROKEN:
			lose_auth(f);
			return;
		}
		if (c)
			resume(c, r, &ev);
	}
}

void pop3_auth_link(struct front *f, int fd)
{
	if (f->auth)
		lose_auth(f);
	fault_ignore(authlink_open(f, fd, on_auth) ? FAULT_NONE : FAULT_NOMEM);
}

/* ---- poplar-drop ---- */

static enum result lose_drop(const struct drop_link *link, struct session_event *ev)
{
	struct conn *c = link->conn;

	return link == c->drop.next ? board_fail(c, FAULT_PEER, ev) : drop_lost(c, ev);
}

/* Receive one message and handle it. True: another answer may have come already. */
static bool hear_drop(struct drop_link *link, bool broken)
{
	struct conn *c = link->conn;
	const bool next = link == c->drop.next;
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

static bool ask_offers(struct front *f)
{
	const struct message which = { .kind = MESSAGE_AUTH_WHICH };

	return authlink_tell(f, &which) == FAULT_NONE;
}

void pop3_start(struct front *f)
{
	f->ask_offers = ask_offers;
	f->accept = accept_client;
	f->drop_wake = on_drop;
	f->queue_last = &f->queue;
}

void pop3_close_all(struct front *f, bool only_idle)
{
	for (uint32_t i = 0; i < f->slot_count; i++)
		if (f->slots[i] && (!only_idle || is_idle(f->slots[i])))
			end(f->slots[i], "shutdown");
}
