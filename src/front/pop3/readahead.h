/* front/pop3/readahead.h - bodies that are fetched before the client asks for them.
 *
 * Prefix: readahead_. A client that fetches one message after the other would cost two
 * changes of process for each. So the front asks for a growing number at once: 1, then
 * 8, then 16, while the client goes on in order. poplar-drop answers in order.
 */
#pragma once

#include "front/state.h"

/* ASK_BODY: the session wants this message. RESULT_EVENT: EVENT_BODY, as it is here
 * already; or EVENT_FAILED. RESULT_WAIT: AWAITS_BODY. */
MUST_USE enum result readahead_want(struct conn *c, uint32_t msg,
				    struct session_event *ev);

/* The next answer: a fault, or where the octets are; the descriptor is ours in any
 * case. RESULT_EVENT: the session has waited for this one. RESULT_DONE: it is kept for
 * later, or nobody wants it any more. RESULT_ILLEGAL: no answer is awaited. */
MUST_USE enum result readahead_take(struct conn *c, enum fault fault,
				    struct body_source *source,
				    struct session_event *ev);

/* Will more answers come? */
bool readahead_is_awaited(const struct conn *c);

/* The maildrop is closed. */
void readahead_free(struct conn *c);
