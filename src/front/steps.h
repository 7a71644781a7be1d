/* front/steps.h - steps of a connection that are the same in every line protocol.
 *
 * Prefix: steps_.
 */
#pragma once

#include "front/state.h"

/* The client sends no more: send it its last replies, which it may still read.
 * RESULT_WAIT: the socket takes no more of them now. RESULT_HANGUP: all are sent, or
 * the connection is broken. */
MUST_USE enum result steps_hangup(struct conn *c);

/* The client has asked for TLS: send the reply, and begin the handshake. `how` is the
 * end of the connection, for the log, if octets in clear text came behind the request.
 * A client waits for the reply before it sends more (RFC 2595 section 4, RFC 3207
 * section 4), so such octets were inserted by somebody between client and server.
 * RESULT_DONE: the phase is PHASE_HELLO. RESULT_OVER: octets came. RESULT_WAIT and
 * RESULT_HANGUP are those of output_flush. RESULT_NO_MEMORY. */
MUST_USE enum result steps_start_tls(struct conn *c, const char *how);

/* The session has ended; `end` says how, for the log: send the last replies.
 * RESULT_OVER: the connection can be closed. RESULT_DONE: the connection lingers,
 * because the server has ended it or input is unread. RESULT_WAIT and
 * RESULT_HANGUP are those of output_end. */
MUST_USE enum result steps_part(struct conn *c, const char *end);
