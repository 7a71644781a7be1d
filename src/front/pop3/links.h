/* front/pop3/links.h - a session socket, as the loop watches it.
 */
#pragma once

#include "front/pop3/state.h"
#include "ipc/channel.h"

/* A session socket: the channel to poplar-drop for one maildrop of one connection. */
struct drop_link {
	struct loop_watch watch; /* first: a link is a watch */
	struct conn *conn;       /* NULL: detached */
	struct channel channel;
};
