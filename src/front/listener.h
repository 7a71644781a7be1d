/* front/listener.h - listens for clients, and accepts them.
 *
 * Prefix: listener_. The front accepts clients once the protocol is ready for them,
 * while a slot is free, and until the front drains. At other times clients wait in the
 * kernel's queue.
 */
#pragma once

#include "front/state.h"

/* Set up the timer, and listen. Call it once, when the slots are made; listeners may
 * have been added before. */
void listener_start(struct front *f);

/* Listen on fd, a socket from poplard, which the front takes over. `tls`: TLS begins
 * with the first octet. */
void listener_add(struct front *f, int fd, bool tls);

/* The protocol is ready for clients: accept them from now on, as they come. */
void listener_open(struct front *f);

/* Accept clients that wait, without asking the protocol first (holds_clients). */
void listener_accept_all(struct front *f);

/* A connection has ended: accept the next one, or, if the front drains and this was the
 * last, end the process. */
void listener_conn_ended(struct front *f);

/* Close all listening sockets; the process ends with its last connection. */
void listener_drain(struct front *f);
