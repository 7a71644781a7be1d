/* front/listener.h - the sockets on which clients arrive.
 *
 * Prefix: listener_. Clients are accepted when poplar-auth has said which mechanisms it
 * can check (CAPA must be right from the first connection on), while there is a free
 * slot, and until the front drains. Otherwise they stay in the kernel's queue.
 */
#pragma once

#include "front/state.h"

/* Set up the timers. Once, when the loop has room for them; listeners may have been
 * added before. From then on, as long as poplar-auth has not said which mechanisms it
 * can check, it is asked again every second. */
void listener_start(struct front *f);

/* A listening socket from poplard, which the front now owns. */
void listener_add(struct front *f, int fd, bool tls);

/* poplar-auth has answered which mechanisms it can check (f->policy.mechanisms). */
void listener_offers_known(struct front *f);

/* One connection less: accept the next, or end a front that drains. */
void listener_conn_ended(struct front *f);

/* Close all listening sockets, and end with the last connection. */
void listener_drain(struct front *f);
