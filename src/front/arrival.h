/* front/arrival.h - finds out who connects, a client or a proxy for a client, and
 * whether that address may have one more connection.
 *
 * Prefix: arrival_. A connection from one of the networks in proxy-from must begin with
 * a PROXY header. Every later rule and log line uses the client's address of that
 * header. From another network such a header is just a bad first line. A connection
 * over a Unix socket has no address, and counts only in the total.
 */
#pragma once

#include "front/state.h"

/* Read trusted-networks and, if the protocol allows proxies, proxy-from from the
 * settings. False: a network is malformed. */
MUST_USE bool arrival_start(struct front *f);

/* Use the connection limit table that poplard has sent as fd, and the front's column in
 * it. Closes fd. If fd has no table, connections are not counted, which is logged. */
void arrival_take_connlimit(struct front *f, int fd, uint64_t column);

/* A connection from `peer` begins: count it. RESULT_DONE: its session has begun, and
 * the phase is PHASE_OPEN, or PHASE_HELLO on a TLS port. RESULT_WAIT: a PROXY
 * header must come (PHASE_ARRIVING). RESULT_REFUSED: there are too many connections, in
 * total or from this address; that has been logged and, on a port without TLS, sent to
 * the client. RESULT_NO_MEMORY. */
MUST_USE enum result arrival_begin(struct conn *c, const struct sock_address *peer);

/* PHASE_ARRIVING: read the header. Results are those of arrival_begin, and
 * RESULT_HANGUP, RESULT_HEADER_MISSING and RESULT_HEADER_BROKEN. */
MUST_USE enum result arrival_read(struct conn *c);

/* The connection ends: remove it from the counts, and free its header. */
void arrival_release(struct conn *c);
