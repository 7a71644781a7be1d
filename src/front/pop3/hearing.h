/* front/pop3/hearing.h - the argument of the functions that handle a message for a
 * connection.
 *
 * Prefix: hearing_.
 */
#pragma once

#include "front/pop3/state.h"
#include "ipc/dispatch.h"

struct hearing {
	struct front *front;
	struct conn *c; /* that the message is for; NULL: for none, or for one that has
			   ended */
	struct session_event *ev; /* filled in with RESULT_EVENT */
	enum result result;
};

/* A handler returns this: keep its result. False: RESULT_ILLEGAL. The callers of
 * dispatch() use h->result, and ignore what dispatch() returns. */
static inline bool hearing_gives(struct hearing *h, enum result r)
{
	h->result = r;
	return r != RESULT_ILLEGAL;
}
