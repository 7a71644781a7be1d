/* mail/address.h - writes the addresses of a header field in ASCII.
 *
 * Prefix: field_. RFC 6857 sections 3.1.5 to 3.1.8, RFC 6858 section 2.1.
 */
#pragma once

#include "mail/phrase.h"

/* Write the next element of a list of addresses (RFC 6857 section 3.2.1), and take it
 * off *io: an address, with the comma behind it; the name of a group, with its ':'; or
 * a member of the group, with the ',' or ';' behind it. A mailbox without a form in
 * ASCII is written as encoded-words, followed by an empty group (FIELD_FULL) or an
 * invalid address (FIELD_SIMPLE). The members of a FIELD_GROUP_LOST are one element. */
enum field_went field_address(struct fold *f, struct field *s, struct span *io,
			      enum field_have have);
