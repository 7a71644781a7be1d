/* pop3/session.h - one POP3 session as a state machine: an event goes in, a reply and
 * an ask come out.
 *
 * The machine does no I/O, reads no clock and allocates nothing. Prefix: session_.
 * pop3/state.h has the asks, the events that may answer each of them, and the session
 * itself.
 */
#pragma once

#include "pop3/state.h"

/* A step writes at most SESSION_REPLY_MAX octets; the caller keeps that much room free.
 * The longest reply is a challenge. */
enum { SESSION_CHALLENGE_MAX = 4096, SESSION_REPLY_MAX = SESSION_CHALLENGE_MAX + 8 };

/* `tls`: the connection began with TLS. `clear_ok`: credentials may come in clear text
 * on this connection. */
void session_init(struct session *s, const struct session_policy *policy, bool tls,
		  bool clear_ok);

/* Write the greeting, with s->timestamp if that is set (APOP). */
void session_greet(const struct session *s, struct buf *out);

/* Take one event; write a reply, which may be empty, and return the next ask, which is
 * also in s->ask. If the event is no answer to the open ask, the driver has made a
 * mistake: the next ask is ASK_CLOSE, and s->broken is set. */
enum session_ask session_step(struct session *s, const struct session_event *ev,
			      struct buf *out);
