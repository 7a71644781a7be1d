/* lmtpd/advance.h - does one step of an LMTP session: what the session asks for.
 *
 * Prefix: advance_. It alone steps the session.
 */
#pragma once

#include "lmtpd/state.h"

/* Do one step, if one can be done (struct protocol). */
MUST_USE enum result advance_lmtp(struct conn *c);

/* Step the session with *ev. Replies are collected in front->out. */
void advance_step(struct conn *c, const struct lmtp_event *ev);

/* Write the greeting. */
void advance_greet(struct conn *c);

/* TLS is set up: greet the client, or answer the ask for TLS. */
void advance_secured(struct conn *c);

/* Write this reply, and close the connection with the next step; `end` says why, for
 * the log. What the session waits for is forgotten. */
void advance_end(struct conn *c, enum lmtp_reply r, const char *end);
