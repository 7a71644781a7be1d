/* lmtpd/input.h - reads the client's next command line.
 *
 * Prefix: input_.
 */
#pragma once

#include "lmtpd/state.h"

/* Call it once for each connection, before the function below. */
void input_init(struct conn *c);

/* Take the client's next line, and read input if need be. RESULT_EVENT: *ev is
 * LMTP_EVENT_LINE or LMTP_EVENT_OVERLONG, whose line is valid until the next call.
 * RESULT_DONE: input was used, but the line is not complete. RESULT_OVER: the line is
 * an HTTP request. Other results are those of client_read. */
MUST_USE enum result input_next(struct conn *c, struct lmtp_event *ev);
