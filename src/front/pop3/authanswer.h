/* front/pop3/authanswer.h - messages of poplar-auth, each for the connection that
 * waits.
 *
 * Prefix: authanswer_.
 */
#pragma once

#include "front/state.h"
#include "ipc/channel.h"

/* Handle the message in the inbox. *out_c: the connection that the result is for; NULL:
 * the message was for no connection, or for one that has gone. */
MUST_USE enum result authanswer_take(struct front *f, struct channel_inbox *in,
				     struct conn **out_c, struct session_event *ev);

/* The same for a message whose session socket found no room here. */
MUST_USE enum result authanswer_take_cut(const struct front *f, const struct message *m,
					 struct conn **out_c, struct session_event *ev);
