/* front/output.h - sends octets to the client.
 *
 * Prefix: output_. Replies are collected in front->out, which all connections share,
 * and sent in one call. A connection needs memory of its own only for octets that its
 * socket does not take. Until the socket has taken those (`output.blocked`), the driver
 * does no other work for the connection.
 */
#pragma once

#include "front/state.h"

/* Send the contents of front->out, and hold the rest that the socket does not take.
 * RESULT_DONE: everything is sent. RESULT_WAIT: the socket is full, and output.blocked
 * is set. RESULT_HANGUP: the connection is broken, or no memory is left to hold the
 * rest. */
MUST_USE enum result output_flush(struct conn *c);

/* As output_flush, for the last reply: with TLS, a close_notify follows. */
MUST_USE enum result output_end(struct conn *c);

/* The socket takes octets again: send what is held. Results are those of output_flush.
 */
MUST_USE enum result output_drain(struct conn *c);

/* Send the contents of front->out, then octets of a file by sendfile(2). Only for
 * connections without TLS. Returns how many octets of the file were sent; fewer than
 * `len`: the socket is full, or the file ends. -1 and errno on failure; EAGAIN: the
 * socket is full. */
MUST_USE ssize_t output_file(struct conn *c, int fd, uint64_t offset, size_t len);
