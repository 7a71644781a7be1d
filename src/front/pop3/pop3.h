/* front/pop3/pop3.h - the driver of POP3 sessions.
 *
 * Prefix: pop3_. pop3.c alone decides when a session is stepped and for which events a
 * client's socket is watched, and it alone ends connections. The files below it carry
 * out one thing each and return what came of it (enum result). src/front/README.md has
 * the table of states and events.
 */
#pragma once

#include "front/state.h"

/* Make the front ready to accept POP3 clients. Call it once. */
void pop3_start(struct front *f);

/* Use fd, a new channel to poplar-auth from poplard, which the front takes over.
 * Questions that were sent over the old channel fail. */
void pop3_auth_link(struct front *f, int fd);

/* Close all connections or, with only_idle, those that wait for their client's next
 * command. */
void pop3_close_all(struct front *f, bool only_idle);
