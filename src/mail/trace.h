/* mail/trace.h - writes header fields about the route and delivery of a message in
 * ASCII.
 *
 * Prefix: field_. RFC 6857 sections 3.1.9 and 3.2.4, RFC 3464.
 */
#pragma once

#include "mail/phrase.h"

/* Write the next clause of Received, and take it off *io (RFC 6857 section 3.2.4). */
enum field_went field_clause(struct fold *f, struct span *io, enum field_have have);

/* Has a typed address, "rfc822; a@b" (RFC 6857 section 3.1.9), a form in ASCII? */
bool field_has_typed(struct span value);
/* Write a typed address for which field_has_typed is true, or which is ASCII apart from
 * its comments. */
void field_typed(struct fold *f, struct span value);

/* Write a typed host name, "dns; example.org" (RFC 3464 section 2.2.2). */
void field_host(struct fold *f, struct span value);
