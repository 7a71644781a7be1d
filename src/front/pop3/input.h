/* front/pop3/input.h - reads the client's next line.
 *
 * Prefix: input_.
 */
#pragma once

#include "front/pop3/state.h"

/* Call it once for each connection, before input_begin and input_next. */
void input_init(struct conn *c);

/* TLS is set up: check whether the next line, the first one within TLS, is another
 * protocol's. */
void input_begin(struct conn *c);

/* Take the client's next line, and read input if need be. RESULT_EVENT: EVENT_LINE or
 * EVENT_OVERLONG, whose line is valid until the next call. RESULT_DONE: input was used,
 * but the line is not complete. RESULT_OVER: the first line is another protocol's.
 * RESULT_NO_MEMORY. Other results are those of client_read. */
MUST_USE enum result input_next(struct conn *c, struct session_event *ev);

/* The connection ends: wipe and free what is kept of a line. Allowed also if input_init
 * was never called. */
void input_release(struct conn *c);
