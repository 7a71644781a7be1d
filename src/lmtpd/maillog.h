/* lmtpd/maillog.h - writes the log lines about messages and LMTP sessions.
 *
 * Prefix: maillog_.
 */
#pragma once

#include "lmtpd/state.h"

/* Log that RCPT has refused the session's address with fault f. */
void maillog_refused(const struct conn *c, enum fault f);

/* Log that a message has been received whole, before it is handed over. */
void maillog_message(const struct conn *c);

/* Log that a recipient has got the message or, with a fault, has not. */
void maillog_recipient(const struct conn *c, const struct recipient *r);

/* Log that a message cannot be kept, and so is refused for all its recipients. */
void maillog_spoilt(const struct conn *c, enum fault f);

/* The connection ends. If a message has been handed over, log what is known about the
 * recipients for whom no reply has been written. */
void maillog_unanswered(const struct conn *c);

/* Log that the connection ends; `end` says how. */
void maillog_end(const struct conn *c, const char *end);

/* Log it if the session got an event that its ask does not allow (session.broken),
 * which is a mistake in the driver. */
void maillog_broken(const struct conn *c);
