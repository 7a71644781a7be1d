/* front/conn.h - a connection's memory and socket, from accept to close.
 *
 * Prefix: conn_. A protocol's driver (front/pop3/pop3.c) makes and closes connections.
 */
#pragma once

#include "front/state.h"

/* A connection for the socket fd, which it owns. The driver sets timer.due. NULL: out
 * of memory, or there is no slot; fd is closed. */
MUST_USE struct conn *conn_new(struct front *f, int fd, bool tls,
			       const struct sock_address *peer);

/* Free the parts of front/ and close the socket; the driver has freed its own parts. c
 * itself can be looked at until the end of this turn of the loop. */
void conn_close(struct conn *c);
