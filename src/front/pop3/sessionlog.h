/* front/pop3/sessionlog.h - the lines of the log that tell of a session.
 *
 * Prefix: sessionlog_.
 */
#pragma once

#include "front/state.h"

/* The login of the session's user succeeded, or was refused with fault f. */
void sessionlog_login(const struct conn *c, const struct session_event *opened);
void sessionlog_refusal(const struct conn *c, enum fault f);

/* XTND has opened the board drop.next_name. */
void sessionlog_board(const struct conn *c, const struct session_event *opened);

/* The connection ends, and how: "session" behind a login, otherwise "disconnect". */
void sessionlog_end(const struct conn *c, const char *end);

/* If the session got an event that its ask does not allow, which is a fault of ours. */
void sessionlog_broken(const struct conn *c);
