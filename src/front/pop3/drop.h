/* front/pop3/drop.h - handles the answers of poplar-drop for the session's maildrop.
 * front/pop3/board.h handles those for a board that is being opened.
 *
 * Prefix: drop_.
 */
#pragma once

#include "front/pop3/state.h"
#include "ipc/channel.h"

/* Handle the answer in the inbox, and take over its descriptors. RESULT_EVENT: *ev is
 * for the session. RESULT_DONE: the session gets no event, but the connection can go
 * on. RESULT_ILLEGAL: the message answers no question of the front, or a number is out
 * of its bounds. */
MUST_USE enum result drop_take(struct conn *c, struct channel_inbox *in,
			       struct session_event *ev);

/* Handle CHANNEL_CUT: an answer has lost its descriptor. Results are those of
 * drop_take. */
MUST_USE enum result drop_take_cut(struct conn *c, struct session_event *ev);

/* Close the session socket, because poplar-drop has closed its end or sent an illegal
 * message. RESULT_EVENT: the session waited for an answer, and the failure becomes
 * the reply to its command. RESULT_OVER: the connection ends, because no reply can
 * report the loss: the session waited for nothing, a reply is half sent, or a board was
 * being opened. */
MUST_USE enum result drop_lost(struct conn *c, struct session_event *ev);

/* Fill *ev with EVENT_OPENED from the numbers of READY. */
void drop_opened(const struct conn *c, const struct message_READY *m,
		 struct session_event *ev);
