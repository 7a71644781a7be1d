/* front/pop3/surrogate.h - sends surrogate messages (RFC 6857, RFC 6858) to clients
 * that have not issued UTF8.
 *
 * Prefix: surrogate_.
 */
#pragma once

#include "front/pop3/state.h"

/* FAULT_NEEDS_UTF8: the message is SURROGATE_REFUSED, and this client has not issued
 * UTF8. Otherwise FAULT_NONE. */
enum fault surrogate_refuses(const struct conn *c, enum surrogate surrogate);

/* c->pop3->body.source is set: if this client needs a surrogate of the message, make
 * c->pop3->body.downgrade. FAULT_NEEDS_UTF8: as surrogate_refuses. FAULT_NOMEM. */
MUST_USE enum fault surrogate_begin(struct conn *c);
void surrogate_close(struct conn *c);

/* As wire_encode, for the message or, if b->downgrade is set, for its surrogate
 * (downgrade_encode). */
size_t surrogate_encode(struct body *b, struct span *io_in, char *out, size_t room);
