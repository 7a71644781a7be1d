/* front/conn.h - a connection's memory and socket, from accept to close.
 *
 * Prefix: conn_. Only the driver of a protocol (front/pop3/pop3.c) calls these
 * functions.
 */
#pragma once

#include "front/state.h"

/* Make a connection for the accepted socket fd, which it takes over. `tls`: TLS begins
 * with the first octet. The driver then sets watch.wake and deadline.timer.due. NULL:
 * out of memory, or no slot is free; fd has been closed. */
MUST_USE struct conn *conn_new(struct front *f, int fd, bool tls,
			       const struct sock_address *peer);

/* Free the parts of c that files of front/ own, and close the socket; the driver has
 * freed the parts of front/pop3/ before. c itself may be read until the end of this
 * turn of the loop. */
void conn_close(struct conn *c);
