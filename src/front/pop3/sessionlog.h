/* front/pop3/sessionlog.h - writes the log lines about a session.
 *
 * Prefix: sessionlog_.
 */
#pragma once

#include "front/pop3/state.h"

/* Log that the login of the session's user succeeded, or that it was refused with fault
 * f. */
void sessionlog_login(const struct conn *c, const struct session_event *opened);
void sessionlog_refusal(const struct conn *c, enum fault f);

/* Log that XTND has opened the board drop.next_name. */
void sessionlog_board(const struct conn *c, const struct session_event *opened);

/* Log that the connection ends; `end` says how. The log event is "session" after a
 * login, otherwise "disconnect". */
void sessionlog_end(const struct conn *c, const char *end);

/* Log it if the session got an event that its ask does not allow (session.broken),
 * which is a mistake in the front. */
void sessionlog_broken(const struct conn *c);
