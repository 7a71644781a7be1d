/* mail/address.h - the addresses of a header field in ASCII.
 *
 * Prefix: field_. RFC 6857 sections 3.1.5 to 3.1.8, RFC 6858 section 2.1.
 */
#pragma once

#include "mail/phrase.h"

/* Take the next address or group; commas separate them (RFC 6857 section 3.2.1). A
 * mailbox without a form in ASCII becomes its encoded form with an empty group
 * (FIELD_FULL) or with an address that nobody can have (FIELD_SIMPLE). */
enum field_went field_address(struct fold *f, struct field *s, struct span *io,
			      enum field_have have);
