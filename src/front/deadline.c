/* front/deadline.c - by when the client, or the server, must have done its next step.
 *
 * Prefix: deadline_.
 */
#include "front/deadline.h"

#include "front/protocol.h"

/* How long a connection lingers: the client has been sent everything, and must take it
 * and close. */
enum { LINGER_MS = 2000 };

/* When the front first checks that the client is still there, after octets were sent;
 * and how often it checks again until the client has acknowledged them. */
enum { LOOK_MS = 30000, LOOK_AGAIN_MS = 5000 };

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static bool is_handshaking(const struct conn *c)
{
	return c->phase == PHASE_ARRIVING || c->phase == PHASE_HELLO ||
	       c->phase == PHASE_HANDSHAKE;
}

/* The time by which the client, or the server, must have done its next step. */
static uint64_t due(const struct conn *c)
{
	const struct settings *s = &c->front->child.settings;
	const struct deadline *d = &c->deadline;

	if (c->phase == PHASE_LINGER)
		return d->active_at + LINGER_MS;
	const uint64_t at = c->front->protocol->due(c);
	return is_handshaking(c) ? sooner(at, d->handshake_at + s->handshake_timeout *
									UINT64_C(1000))
				 : at;
}

static uint64_t nearest(const struct conn *c)
{
	return c->deadline.look_at ? sooner(due(c), c->deadline.look_at) : due(c);
}

void deadline_set(struct conn *c)
{
	struct loop_timer *timer = &c->deadline.timer;
	uint64_t at = nearest(c);

	if (!loop_is_set(timer) || timer->at > at)
		loop_set(&c->front->loop, timer, at);
}

void deadline_handshake(struct conn *c)
{
	c->deadline.handshake_at = loop_now(&c->front->loop);
	deadline_set(c);
}

void deadline_sent(struct conn *c)
{
	if (c->deadline.look_at)
		return;
	c->deadline.look_at = loop_now(&c->front->loop) + LOOK_MS;
	deadline_set(c);
}

/* Has the client vanished without closing, so that it acknowledges nothing? The kernel
 * would retransmit for a quarter of an hour, and a maildrop would be locked for as
 * long. A connection that waits for a result stays until the result has come. */
static bool has_gone(struct conn *c)
{
	const enum sock_peer peer = sock_peer(c->watch.fd);

	c->deadline.look_at = peer == SOCK_PEER_HAS_ALL
				      ? 0
				      : loop_now(&c->front->loop) + LOOK_AGAIN_MS;
	return peer == SOCK_PEER_GONE &&
	       c->front->protocol->waits(c) != WAITS_FOR_RESULT;
}

enum deadline_got deadline_came(struct conn *c)
{
	const struct deadline *d = &c->deadline;
	const uint64_t now = loop_now(&c->front->loop);

	if (d->look_at && d->look_at <= now && has_gone(c))
		return DEADLINE_CLIENT_GONE;
	if (nearest(c) > now) {
		deadline_set(c);
		return DEADLINE_AHEAD;
	}
	return DEADLINE_OVER;
}
