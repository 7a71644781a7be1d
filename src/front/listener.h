/* front/listener.h - listens for clients, and accepts them.
 *
 * Prefix: listener_. The front accepts clients once poplar-auth has said which
 * mechanisms it can check (CAPA must be right from the first connection on), while a
 * slot is free, and until the front drains. At other times clients wait in the kernel's
 * queue.
 */
#pragma once

#include "front/state.h"

/* Set up the timers. Call it once, when the loop has room for them; listeners may have
 * been added before. Until poplar-auth has said which mechanisms it can check, the
 * front asks again every second. */
void listener_start(struct front *f);

/* Listen on fd, a socket from poplard, which the front takes over. `tls`: TLS begins
 * with the first octet. */
void listener_add(struct front *f, int fd, bool tls);

/* poplar-auth has answered which mechanisms it can check, and f->policy.mechanisms is
 * set: begin to accept. */
void listener_offers_known(struct front *f);

/* A connection has ended: accept the next one, or, if the front drains and this was the
 * last, end the process. */
void listener_conn_ended(struct front *f);

/* Close all listening sockets; the process ends with its last connection. */
void listener_drain(struct front *f);
