/* front/deadline.h - by when the client, or the server, must have done its next step.
 *
 * Prefix: deadline_. Times are those of loop_now(), in milliseconds. When activity
 * moves a deadline to a later time, the timer is left as it is: it fires at the old
 * time, and deadline_came sets it for the new one.
 */
#pragma once

#include "front/state.h"

/* Call this when a deadline may have moved to an earlier time: set the timer for the
 * earliest. */
void deadline_set(struct conn *c);

/* A TLS handshake begins, which has a time limit of its own (handshake-timeout). */
void deadline_handshake(struct conn *c);

/* The client has sent or received octets: its idle time begins anew. */
static inline void deadline_active(struct conn *c)
{
	c->deadline.active_at = loop_now(&c->front->loop);
}

/* Octets were sent: after a while, check whether the client acknowledges them. */
void deadline_sent(struct conn *c);

enum deadline_got {
	DEADLINE_AHEAD, /* nothing is due; the timer has been set for the next deadline
			 */
	DEADLINE_CLIENT_GONE, /* the client has acknowledged no octets for too long */
	DEADLINE_OVER,        /* the time of the next step is over */
};

/* The timer has fired: what is due? */
enum deadline_got deadline_came(struct conn *c);
