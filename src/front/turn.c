/* front/turn.c - a connection's turns: what it can do is done, until something must be
 * waited for.
 *
 * Prefix: turn_. go decides what the client's socket is watched for (wanted); on_client
 * and hung_up can only stop watching it.
 */
#include "front/turn.h"

#include "base/secret.h"
#include "front/arrival.h"
#include "front/client.h"
#include "front/conn.h"
#include "front/deadline.h"
#include "front/output.h"
#include "front/protocol.h"
#include "sys/clock.h"

/* The bounds of a turn: after so many steps or so many milliseconds, a connection that
 * has more to do lets the others have their turn. The time is needed, because some
 * steps take a thousand times as long as others. */
enum { STEPS_MAX = 64, TURN_MS = 3 };

/* ---- the end ---- */

void turn_end(struct conn *c, const char *how)
{
	struct front *f = c->front;

	f->out.len = 0;
	if (how)
		f->protocol->log_end(c, how);
	if (c->client.tls && !c->output.blocked && output_end(c) == RESULT_HANGUP)
		f->sealed.len = 0;
	conn_close(c);
}

static void watch(struct conn *c, unsigned events)
{
	if (!loop_watch(&c->front->loop, &c->watch, events))
		turn_end(c, "out-of-memory");
}

static enum waits waits(const struct conn *c)
{
	return c->front->protocol->waits(c);
}

/* The client has gone: close the connection. If it waits for a result, keep it until
 * the result has come, which the log reports. */
static void hung_up(struct conn *c)
{
	if (waits(c) != WAITS_FOR_RESULT) {
		turn_end(c, "hangup");
		return;
	}
	c->phase = PHASE_GONE;
	watch(c, 0);
}

/* ---- a step ---- */

static enum result handshake(struct conn *c)
{
	const enum result r = client_handshake(c);

	if (r == RESULT_DONE && c->phase == PHASE_OPEN)
		c->front->protocol->secured(c);
	return r;
}

static enum result advance_open(struct conn *c)
{
	const struct protocol *p = c->front->protocol;

	if (p->waits(c) != WAITS_FOR_NOTHING || c->output.blocked)
		return RESULT_WAIT;
	if (buf_left(&c->front->out) < p->reply_most)
		return output_flush(c);
	return p->advance(c);
}

/* Do one step, if one can be done now. */
static enum result advance(struct conn *c)
{
	switch (c->phase) {
	case PHASE_ARRIVING:
		return arrival_read(c);
	case PHASE_HELLO:
		return client_hello(c);
	case PHASE_HANDSHAKE:
		return handshake(c);
	case PHASE_OPEN:
		return advance_open(c);
	case PHASE_LINGER:
		return client_discard(c);
	case PHASE_GONE:
		return waits(c) == WAITS_FOR_RESULT ? RESULT_WAIT : RESULT_HANGUP;
	case PHASE_CLOSED:
	case PHASE_COUNT:
		break;
	}
	return RESULT_WAIT;
}

/* Do what a result demands. True: the connection can go on at once. */
static bool settle(struct conn *c, enum result r)
{
	static const char *const ends[RESULT_COUNT] = {
#define X(name, text) [RESULT_##name] = text,
		RESULT_ENDS(X)
#undef X
	};

	switch (r) {
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
		turn_end(c, c->end);
		break;
	default:
		turn_end(c, ends[r]);
		break;
	}
	return false;
}

/* ---- a turn ---- */

/* Does the connection wait for its client, with nothing to do? Then a front that stops
 * closes it. */
static bool is_idle(const struct conn *c)
{
	if (c->phase != PHASE_OPEN)
		return c->phase != PHASE_GONE;
	return c->front->protocol->wants_line(c) && !c->output.blocked &&
	       c->client.in.len == 0;
}

/* A front that stops ends an idle connection. */
static void stop(struct conn *c)
{
	const struct protocol *p = c->front->protocol;

	if (p->stop && c->phase == PHASE_OPEN)
		p->stop(c);
	else
		turn_end(c, "shutdown");
}

/* The events that the client's socket is watched for. While another process works for
 * the client, reading stays as it was: clients seldom send then, so this saves system
 * calls; if input comes, on_client() ends the watch. For a client that is delayed, the
 * front watches for a hangup alone. */
static unsigned wanted(const struct conn *c)
{
	if (c->phase == PHASE_GONE)
		return 0;
	if (c->output.blocked)
		return LOOP_WRITE;
	switch (waits(c)) {
	case WAITS_FOR_TIME:
		return LOOP_HANGUP;
	case WAITS_FOR_ANSWER:
	case WAITS_FOR_RESULT:
		return c->watch.events & LOOP_READ;
	case WAITS_FOR_NOTHING:
		break;
	}
	return c->unfinished ? LOOP_WRITE : LOOP_READ;
}

/* A turn: do everything that can be done now, send the replies, and set what the
 * client's socket is watched for. */
static void go(struct conn *c)
{
	struct front *f = c->front;
	const bool secret = f->protocol->has_secrets(c);
	const uint64_t over = clock_ms() + TURN_MS;
	int steps = 0;

	c->unfinished = false;
	while (c->phase != PHASE_CLOSED && !c->unfinished && settle(c, advance(c)))
		c->unfinished = ++steps == STEPS_MAX || clock_ms() >= over;
	if (c->phase != PHASE_CLOSED &&
	    (output_flush(c) == RESULT_HANGUP || !client_keep_input(c)))
		hung_up(c);
	if (secret)
		secret_wipe(f->input, sizeof f->input);
	if (c->phase == PHASE_CLOSED)
		return;
	if (f->stopping && is_idle(c))
		stop(c);
	else
		watch(c, wanted(c));
}

void turn_resume(struct conn *c, enum result r)
{
	if (settle(c, r))
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
		if (waits(c) != WAITS_FOR_NOTHING) {
			watch(c, at->events & ~(unsigned)LOOP_READ);
			return;
		}
	}
	go(c);
}

/* A client that lingers has done all that it had to: the log says how its session
 * ended. */
static void be_late(struct conn *c)
{
	if (c->phase == PHASE_LINGER)
		turn_end(c, c->end);
	else if (c->phase == PHASE_ARRIVING)
		turn_end(c, "proxy-header-late");
	else
		c->front->protocol->late(c);
}

static void on_timer(struct loop_timer *timer)
{
	struct conn *c = LOOP_OWNER(timer, struct conn, deadline.timer);

	switch (deadline_came(c)) {
	case DEADLINE_AHEAD:
		break;
	case DEADLINE_CLIENT_GONE:
		turn_end(c, "client-gone");
		break;
	case DEADLINE_OVER:
		be_late(c);
		break;
	}
}

static void accept_client(struct front *f, int fd, bool tls,
			  const struct sock_address *peer)
{
	struct conn *c = conn_new(f, fd, tls, peer);

	if (!c)
		return;
	c->watch.wake = on_client;
	c->deadline.timer.due = on_timer;
	const enum result r = arrival_begin(c, peer);
	if (r != RESULT_WAIT && !settle(c, r))
		return;
	deadline_set(c);
	go(c);
}

/* ---- the front ---- */

void turn_start(struct front *f)
{
	f->accept = accept_client;
}

void turn_end_all(struct front *f, bool only_idle)
{
	for (uint32_t i = 0; i < f->slot_count; i++) {
		struct conn *c = f->slots[i];

		if (c && !only_idle)
			turn_end(c, "shutdown");
		else if (c && is_idle(c))
			stop(c);
	}
}
