/* front/pop3/hearing.h - what the handler of a message to a connection works on.
 *
 * Prefix: hearing_.
 */
#pragma once

#include "front/state.h"
#include "ipc/dispatch.h"

struct hearing {
	struct front *front;
	struct conn *c;           /* NULL: for none, or for one that has gone */
	struct session_event *ev; /* filled in with RESULT_EVENT */
	enum result result;
};

/* A handler ends with this: keep the result. False: RESULT_ILLEGAL. */
static inline bool hearing_gives(struct hearing *h, enum result r)
{
	h->result = r;
	return r != RESULT_ILLEGAL;
}
