/* front/client.h - what the client sends: octets, a TLS handshake, its end.
 *
 * Prefix: client_. Nothing here ends a connection; the results say what has come.
 */
#pragma once

#include "front/state.h"

/* Set the function of the timer that returns memory after handshakes. Once. */
void client_start(struct front *f);

/* Read more input into client.in, which must be empty. RESULT_DONE: there is some.
 * RESULT_WAIT: nothing has come. RESULT_YIELD: TLS records without octets have come.
 * RESULT_HANGUP: the client sends no more, though it may still read. RESULT_TLS_FLOOD.
 */
MUST_USE enum result client_read(struct conn *c);

/* At the end of an event: keep what was not used for the next one. Nothing that a
 * client sent before its login, which may be a password, stays in the shared buffer.
 * False: out of memory. */
MUST_USE bool client_keep_input(struct conn *c);

/* TLS begins: the phase is PHASE_HELLO then. False: out of memory. */
MUST_USE bool client_begin_tls(struct conn *c);

/* PHASE_HELLO: does a TLS handshake begin? RESULT_DONE: yes, and the phase is
 * PHASE_HANDSHAKE. RESULT_WAIT: nothing has come. RESULT_NOT_TLS, RESULT_HANGUP. */
MUST_USE enum result client_hello(struct conn *c);

/* PHASE_HANDSHAKE: go on with it. RESULT_DONE: another step can follow at once, or TLS
 * is set up, and then the phase is PHASE_OPEN. RESULT_WAIT: for the client.
 * RESULT_HANGUP. RESULT_TLS_FAILED: the reason has been logged. */
MUST_USE enum result client_handshake(struct conn *c);

/* All replies have been sent: send FIN, and linger (PHASE_LINGER). What the client goes
 * on sending must be read before the socket is closed, or the kernel sends a reset,
 * which may overtake the last reply. */
void client_linger(struct conn *c);

/* PHASE_LINGER: read input and throw it away. RESULT_DONE: there was some. RESULT_WAIT.
 * RESULT_OVER: the client has closed. */
MUST_USE enum result client_discard(struct conn *c);

/* How the client's octets are protected, for the log: a version of TLS; "proxy", which
 * has TLS with the client; "no". */
const char *client_tls_text(const struct conn *c);

/* The connection ends: free what this file has allocated, and close the socket. */
void client_release(struct conn *c);
