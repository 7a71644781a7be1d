/* front/pop3/input.h - the client's next line.
 *
 * Prefix: input_.
 */
#pragma once

#include "front/state.h"

/* Once, before all others. */
void input_init(struct conn *c);

/* TLS is set up, and the first line inside it is the first line again. */
void input_begin(struct conn *c);

/* Read until the next line is complete. RESULT_EVENT: EVENT_LINE or EVENT_OVERLONG; its
 * line is valid until the next call. RESULT_DONE: input was used, but the line is not
 * complete. RESULT_NOT_POP3: the first line is another protocol's. RESULT_NO_MEMORY.
 * The results of client_read but RESULT_DONE. */
MUST_USE enum result input_next(struct conn *c, struct session_event *ev);

/* The connection ends: wipe and free what is kept of a line. */
void input_release(struct conn *c);
