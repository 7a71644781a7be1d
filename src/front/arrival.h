/* front/arrival.h - who connects, a client itself or a proxy for one, and whether there
 * is room for one more from there.
 *
 * Prefix: arrival_. A connection from one of the networks in proxy-from must begin with
 * a PROXY header. From then on the address in that header is the client's, for every
 * purpose. From other networks such a header is only a bad first line.
 */
#pragma once

#include "front/state.h"

/* Take the networks from the settings. False: one cannot be read. */
MUST_USE bool arrival_start(struct front *f);

/* poplard has sent the connection limit table and the front's column in it. Closes fd.
 */
void arrival_take_connlimit(struct front *f, int fd, uint64_t column);

/* A connection from `peer` begins. RESULT_DONE: its session is initialised, and the
 * phase is PHASE_OPEN, or PHASE_HELLO on a TLS port. RESULT_WAIT: a header must come
 * (PHASE_ARRIVING). RESULT_REFUSED: there is no room; the client has been told, and it
 * has been logged. RESULT_NO_MEMORY. */
MUST_USE enum result arrival_begin(struct conn *c, const struct sock_address *peer);

/* PHASE_ARRIVING: read the header. Results as above; RESULT_HANGUP,
 * RESULT_HEADER_MISSING and RESULT_HEADER_BROKEN. */
MUST_USE enum result arrival_read(struct conn *c);

/* The connection ends: remove it from the counts. */
void arrival_release(struct conn *c);
