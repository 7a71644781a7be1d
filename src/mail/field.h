/* mail/field.h - writes a header field in ASCII, for clients without UTF8 (RFC 6857,
 * RFC 6858).
 *
 * Prefix: field_. A step takes one element of the field: a run of words, a mailbox, a
 * clause. So a field may be longer than the memory that holds its next part.
 */
#pragma once

#include "mail/phrase.h"

/* A longer name is not taken for the name of a field. */
enum { FIELD_NAME_MAX = 512 };

/* Cut "name:value". False: it is no field. A name is printable ASCII; a value may be
 * anything. */
bool field_cut(struct span field, struct span *out_name, struct span *out_value);

/* Remove the line ends from a field of len octets, but not the white space behind them.
 * Returns its length afterwards. */
size_t field_unfold(char *at, size_t len);

/* Begin an unfolded field: take its name off the front of *io, and write the name that
 * it gets. s->way is set; the rest of *s is filled in. `status`: the field is one of a
 * delivery status notification (RFC 3464). False: the field is left out; f->lost is set
 * if it could not be written, and unset if the way leaves it out. A line that is no
 * field becomes the field Comments. */
bool field_begin(struct fold *f, struct field *s, struct span *io, enum field_have have,
		 bool status);

/* Write the next element, and take it off *io. Returns FIELD_MORE only for FIELD_PART.
 */
enum field_went field_step(struct fold *f, struct field *s, struct span *io,
			   enum field_have have);
