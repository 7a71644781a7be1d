/* front/pop3/drop.h - answers of poplar-drop for the open maildrop, and for the one
 * that a login opens.
 *
 * Prefix: drop_.
 */
#pragma once

#include "front/state.h"
#include "ipc/channel.h"

/* An answer over the session socket; its descriptors are ours. RESULT_EVENT: for the
 * session. RESULT_DONE: nothing for the session, but the connection can go on.
 * RESULT_ILLEGAL: it answers no question, or its numbers cannot be right. */
MUST_USE enum result drop_take(struct conn *c, struct channel_inbox *in,
			       struct session_event *ev);

/* An answer came, but the kernel dropped its descriptor. Results as above. */
MUST_USE enum result drop_take_cut(struct conn *c, struct session_event *ev);

/* End the session socket: poplar-drop has closed it, or sent an illegal message.
 * RESULT_EVENT: the question in progress has failed. RESULT_DROP_LOST: there was no
 * question, so no reply can report the loss, and the session cannot go on. */
MUST_USE enum result drop_lost(struct conn *c, struct session_event *ev);

/* Fill *ev with EVENT_OPENED, from READY. */
void drop_opened(const struct conn *c, const struct message_READY *m,
		 struct session_event *ev);
