/* front/pop3/readahead.h - fetches bodies before the client asks for them.
 *
 * Prefix: readahead_. One question to poplar-drop for each message would cost two
 * context switches for each. So, while the client fetches messages in order, the front
 * asks for a growing number at once: 1, then 8, then 16. If the client begins with
 * message 1, the first question asks for 8. poplar-drop answers in order.
 */
#pragma once

#include "front/pop3/state.h"

/* ASK_BODY: the session wants message msg. RESULT_EVENT: EVENT_BODY, because the body
 * is here already; or EVENT_FAILED. RESULT_WAIT: poplar-drop has been asked
 * (AWAITS_BODY). */
MUST_USE enum result readahead_want(struct conn *c, uint32_t msg,
				    struct session_event *ev);

/* Take the next body that poplar-drop has sent, or its fault. Takes over source->fd in
 * any case. RESULT_EVENT: the session has waited for this body. RESULT_DONE: the body
 * is kept for later, or dropped. RESULT_ILLEGAL: the front has asked for no body. */
MUST_USE enum result readahead_take(struct conn *c, enum fault fault,
				    struct body_source *source,
				    struct session_event *ev);

/* Must poplar-drop send more bodies that the front has asked for? */
bool readahead_is_awaited(const struct conn *c);

/* The maildrop is closed: drop all bodies. */
void readahead_free(struct conn *c);
