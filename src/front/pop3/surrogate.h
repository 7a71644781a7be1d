/* front/pop3/surrogate.h - surrogate messages (RFC 6858), for clients that have not
 * said UTF8.
 *
 * Prefix: surrogate_.
 */
#pragma once

#include "front/state.h"

/* FAULT_NEEDS_UTF8: this client cannot have a message of that kind. */
enum fault surrogate_refuses(const struct conn *c, enum surrogate surrogate);

/* c->body has its source: begin with a surrogate if the client needs one. A fault: the
 * client cannot have the message. */
MUST_USE enum fault surrogate_begin(struct conn *c);
void surrogate_close(struct conn *c);

/* As wire_encode, for the message or for its surrogate. */
size_t surrogate_encode(struct body *b, struct span *io_in, char *out, size_t room);
