/* front/pop3/links.h - the channels of a front, as the loop watches them.
 */
#pragma once

#include "front/pop3/state.h"
#include "ipc/channel.h"

/* The channel to poplar-auth. One for all connections of a front. */
struct auth_link {
	struct loop_watch watch; /* first: a link is a watch */
	struct front *front;
	struct channel channel;
};

/* A session socket: the channel to poplar-drop for one maildrop of one connection. */
struct drop_link {
	struct loop_watch watch; /* first: a link is a watch */
	struct conn *conn;       /* NULL: detached */
	struct channel channel;
};
