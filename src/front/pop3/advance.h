/* front/pop3/advance.h - does one step of a connection: what its phase demands, or what
 * its session asks for.
 *
 * Prefix: advance_. Only pop3.c calls these functions; it also ends connections.
 */
#pragma once

#include "front/state.h"

/* Do one step, if one can be done now. RESULT_EVENT: *ev is an event, with which the
 * driver calls advance_step. The driver handles all other results, too (enum result).
 */
MUST_USE enum result advance(struct conn *c, struct session_event *ev);

/* Step the session with *ev; if it then asks for a login or a board, send that
 * question. Replies are collected in front->out. *ev is overwritten. */
void advance_step(struct conn *c, struct session_event *ev);

/* Write the greeting to front->out, unless TLS or a PROXY header must come first. */
void advance_greet(struct conn *c);
