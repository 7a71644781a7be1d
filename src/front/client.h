/* front/client.h - reads what the client sends: octets, a TLS handshake, the end.
 *
 * Prefix: client_. These functions end no connection; their results say what has come.
 */
#pragma once

#include "front/state.h"

/* Call it once: set the function of tidy_timer, which returns memory to the kernel
 * after many handshakes. */
void client_start(struct front *f);

/* Read more input into client.in, which must be empty. RESULT_DONE: client.in has
 * input. RESULT_WAIT: nothing has come. RESULT_YIELD: only TLS records without octets
 * have come. RESULT_HANGUP: the client sends no more, but may still read.
 * RESULT_TLS_FLOOD. */
MUST_USE enum result client_read(struct conn *c);

/* At the end of a turn: copy unused input out of front->input, which all connections
 * share, into memory of this connection. False: out of memory. */
MUST_USE bool client_keep_input(struct conn *c);

/* Begin TLS, in PHASE_HELLO. False: out of memory. */
MUST_USE bool client_begin_tls(struct conn *c);

/* PHASE_HELLO: does the client begin a TLS handshake? RESULT_DONE: yes, and the phase
 * is PHASE_HANDSHAKE. RESULT_WAIT: nothing has come. RESULT_NOT_TLS: the first octet
 * begins no TLS handshake. RESULT_HANGUP. */
MUST_USE enum result client_hello(struct conn *c);

/* PHASE_HANDSHAKE: continue the handshake. RESULT_DONE: call it again at once, or, if
 * the phase is PHASE_OPEN, TLS is set up. RESULT_WAIT: the client must send or take
 * octets. RESULT_HANGUP. RESULT_TLS_FAILED: the reason has been logged. */
MUST_USE enum result client_handshake(struct conn *c);

/* All replies have been sent: send FIN, and linger (PHASE_LINGER). If the socket were
 * closed while input of the client is unread, the kernel would send a reset, which may
 * overtake the last reply. */
void client_linger(struct conn *c);

/* PHASE_LINGER: read input and discard it. RESULT_DONE: input has come. RESULT_WAIT:
 * nothing has come. RESULT_OVER: the client has closed its end. */
MUST_USE enum result client_discard(struct conn *c);

/* How the client's octets are protected, for the log: a version of TLS, such as
 * "TLSv1.3"; "proxy", if TLS ends at a proxy; or "no". */
const char *client_tls_text(const struct conn *c);

/* The connection ends: free what this file has allocated, and close the socket. */
void client_release(struct conn *c);
