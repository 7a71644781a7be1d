/* front/pop3/authanswer.h - handles the messages of poplar-auth, each for the
 * connection that waits for it.
 *
 * Prefix: authanswer_.
 */
#pragma once

#include "front/pop3/state.h"
#include "ipc/channel.h"

/* Handle the message in the inbox. Returns what came of it for the connection *out_c,
 * and *ev with RESULT_EVENT. *out_c is NULL if the message was for no connection, or
 * for one that has ended. */
MUST_USE enum result authanswer_take(struct front *f, struct channel_inbox *in,
				     struct conn **out_c, struct session_event *ev);

/* The same for CHANNEL_CUT: the message m has lost its session socket. */
MUST_USE enum result authanswer_take_cut(const struct front *f, const struct message *m,
					 struct conn **out_c, struct session_event *ev);
