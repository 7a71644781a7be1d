/* front/conn.h - a connection's memory and socket, from accept to close.
 *
 * Prefix: conn_. Only front/turn.c calls these functions.
 */
#pragma once

#include "front/state.h"

/* Make a connection for the accepted socket fd, which it takes over. `tls`: TLS begins
 * with the first octet. The caller then sets watch.wake and deadline.timer.due. NULL:
 * out of memory, or no slot is free; fd has been closed. */
MUST_USE struct conn *conn_new(struct front *f, int fd, bool tls,
			       const struct sock_address *peer);

/* Free what the parts of c have allocated, and close the socket. c itself may be read
 * until the end of this turn of the loop. */
void conn_close(struct conn *c);
