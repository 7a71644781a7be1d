/* mail/trace.h - header fields about the way of a message, in ASCII.
 *
 * Prefix: field_. RFC 6857 sections 3.1.9 and 3.2.4, RFC 3464.
 */
#pragma once

#include "mail/phrase.h"

/* Take the next clause of Received (RFC 6857 section 3.2.4). */
enum field_went field_clause(struct fold *f, struct span *io, enum field_have have);

/* Has a typed address, "rfc822; a@b" (RFC 6857 section 3.1.9), a form in ASCII? */
bool field_has_typed(struct span value);
/* Write a typed address that has one, or that is ASCII but for comments. */
void field_typed(struct fold *f, struct span value);

/* Write a typed host name, "dns; example.org" (RFC 3464 section 2.2.2). */
void field_host(struct fold *f, struct span value);
