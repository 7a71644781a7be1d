/* front/pop3/advance.h - one step of a connection: what its phase demands, or what its
 * session asks for.
 *
 * Prefix: advance_. The driver's lower half: pop3.c decides when, and ends connections.
 */
#pragma once

#include "front/state.h"

/* Do one thing that can be done now. RESULT_EVENT: the driver steps the session with
 * it. Any other result is for the driver, too. */
MUST_USE enum result advance(struct conn *c, struct session_event *ev);

/* Step the session; if it asks for a login or a board, send that question. Replies are
 * collected in front->out. */
void advance_step(struct conn *c, struct session_event *ev);

/* The greeting, unless TLS or a PROXY header must come first. */
void advance_greet(struct conn *c);
