/* front/deadline.h - until when a connection must have done what it owes.
 *
 * Prefix: deadline_. Times are loop_now() milliseconds. No timer is set again when
 * activity moves a deadline away: it fires at the old time, and deadline_came sets it
 * for the new one.
 */
#pragma once

#include "front/state.h"

/* A deadline may have come nearer: set the timer for the nearest. */
void deadline_set(struct conn *c);

/* A TLS handshake begins: it has its own time limit. */
void deadline_handshake(struct conn *c);

/* The client has said or taken something. */
static inline void deadline_active(struct conn *c)
{
	c->deadline.active_at = loop_now(&c->front->loop);
}

/* Octets were sent: look after a while whether the client is still there. */
void deadline_sent(struct conn *c);

/* The server begins, or ends, its work for a login. That time is not the client's. */
void deadline_work(struct conn *c);
void deadline_rest(struct conn *c);

enum deadline_got {
	DEADLINE_AHEAD,       /* nothing is due yet; the timer is set again */
	DEADLINE_CLIENT_GONE, /* the client has not acknowledged what was sent */
	DEADLINE_QUESTION,    /* AWAITS_DELAY or AWAITS_REFUSAL is over */
	DEADLINE_LOGIN,       /* the server has worked too long for a login */
	DEADLINE_OVER,        /* the client is late: deadline_text */
};

/* The timer has fired: what is due? */
enum deadline_got deadline_came(struct conn *c);

/* Behind DEADLINE_OVER: for what the client was late, for the log. */
const char *deadline_text(const struct conn *c);
