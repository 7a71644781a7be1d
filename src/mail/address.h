/* mail/address.h - writes the addresses of a header field in ASCII.
 *
 * Prefix: field_. RFC 6857 sections 3.1.5 to 3.1.8, RFC 6858 section 2.1.
 */
#pragma once

#include "mail/phrase.h"

/* Write the next address or group, up to the comma behind it, and take it off *io (RFC
 * 6857 section 3.2.1). A mailbox without a form in ASCII is written as encoded-words,
 * followed by an empty group (FIELD_FULL) or an invalid address (FIELD_SIMPLE). */
enum field_went field_address(struct fold *f, struct field *s, struct span *io,
			      enum field_have have);
