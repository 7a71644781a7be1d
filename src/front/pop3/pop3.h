/* front/pop3/pop3.h - the driver of POP3 sessions.
 *
 * Prefix: pop3_. The only file that steps a session, decides for what a client's socket
 * is watched, and ends a connection. Files below it carry out one thing and return what
 * came of it (enum result). src/front/README.md has the table of states and events.
 */
#pragma once

#include "front/state.h"

/* Make the front ready to accept POP3 clients. Once. */
void pop3_start(struct front *f);

/* poplard has sent a channel to poplar-auth, which the front now owns. */
void pop3_auth_link(struct front *f, int fd);

/* Close all connections, or those that wait for their client's next command. */
void pop3_close_all(struct front *f, bool only_idle);
