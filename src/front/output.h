/* front/output.h - octets to the client.
 *
 * Prefix: output_. Replies are collected in front->out, which all connections share,
 * and go out in one call. Only what a socket does not take costs memory of its own.
 * Until the client has taken that (`output.blocked`), its driver does nothing for it.
 */
#pragma once

#include "front/state.h"

/* Send what is collected in front->out, and hold what the socket does not take.
 * RESULT_DONE: the socket takes more. RESULT_WAIT: it is full. RESULT_HANGUP: the
 * connection is broken, or there is no memory to hold the rest. */
MUST_USE enum result output_flush(struct conn *c);

/* The same as the last words: a TLS close_notify follows. */
MUST_USE enum result output_end(struct conn *c);

/* The socket takes octets again: send what is held. Results as above. */
MUST_USE enum result output_drain(struct conn *c);

/* Send what is collected, then octets of a file by sendfile(2), in clear text only.
 * Returns the octets of the file that went out. Fewer than `len`: the socket is full,
 * or the file ends. -1 and errno; EAGAIN: the socket is full. */
MUST_USE ssize_t output_file(struct conn *c, int fd, uint64_t offset, size_t len);
