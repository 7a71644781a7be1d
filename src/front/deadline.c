/* front/deadline.c - by when the client, or the server, must have done its next step.
 *
 * Prefix: deadline_.
 */
#include "front/deadline.h"

/* How long a connection lingers: the client has been sent everything, and must take it
 * and close. */
enum { LINGER_MS = 2000 };

/* When the front first checks that the client is still there, after octets were sent;
 * and how often it checks again until the client has acknowledged them. */
enum { LOOK_MS = 30000, LOOK_AGAIN_MS = 5000 };

/* The longest time that the server may work on one login, as a multiple of login-
 * timeout. */
enum { WORK_TIMES = 4 };

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static bool has_due_question(const struct conn *c)
{
	return c->awaits == AWAITS_DELAY || c->awaits == AWAITS_REFUSAL;
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
	const bool logged_in = conn_is_logged_in(c);
	const uint64_t login_ms = s->login_timeout * UINT64_C(1000);
	uint64_t at = d->accepted_at + d->worked_ms + login_ms;

	if (d->works_since && !logged_in)
		return d->works_since + WORK_TIMES * login_ms;
	if (c->phase == PHASE_LINGER)
		return d->active_at + LINGER_MS;
	if (logged_in)
		return d->active_at + s->idle_timeout * UINT64_C(1000);
	if (is_handshaking(c))
		at = sooner(at,
			    d->handshake_at + s->handshake_timeout * UINT64_C(1000));
	return has_due_question(c) ? sooner(at, c->question.due_at) : at;
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

void deadline_work(struct conn *c)
{
	c->deadline.works_since = loop_now(&c->front->loop);
}

void deadline_rest(struct conn *c)
{
	struct deadline *d = &c->deadline;

	if (d->works_since)
		d->worked_ms += loop_now(&c->front->loop) - d->works_since;
	d->works_since = 0;
	deadline_set(c);
}

/* Has the client vanished without closing, so that it acknowledges nothing? The kernel
 * would retransmit for a quarter of an hour, and the maildrop would be locked for as
 * long. A connection whose commit is under way stays until poplar-drop has answered. */
static bool has_gone(struct conn *c)
{
	const enum sock_peer peer = sock_peer(c->watch.fd);

	c->deadline.look_at = peer == SOCK_PEER_HAS_ALL
				      ? 0
				      : loop_now(&c->front->loop) + LOOK_AGAIN_MS;
	return peer == SOCK_PEER_GONE && c->awaits != AWAITS_COMMIT;
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
	if (has_due_question(c) && c->question.due_at <= now)
		return DEADLINE_QUESTION;
	return d->works_since && !conn_is_logged_in(c) ? DEADLINE_LOGIN : DEADLINE_OVER;
}

/* A client that lingers has done all that it had to: the log says how its session
 * ended. */
const char *deadline_text(const struct conn *c)
{
	if (c->phase == PHASE_LINGER)
		return c->session.end;
	if (c->phase == PHASE_ARRIVING)
		return "proxy-header-late";
	return conn_is_logged_in(c) ? "idle-timeout" : "login-timeout";
}
