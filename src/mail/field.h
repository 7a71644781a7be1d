/* mail/field.h - writes a header field in ASCII, for clients without UTF8 (RFC 6857,
 * RFC 6858).
 *
 * Prefix: field_. The field is written in steps, one for each element: a run of words,
 * a mailbox, a clause. So a field may be longer than the memory of the caller, which
 * holds only the next part of it.
 */
#pragma once

#include "mail/phrase.h"

/* The longest name of a field, in octets: a line with a longer one is no field. */
enum { FIELD_NAME_MAX = 512 };

/* Cut "name:value". False: it is no field. A name is printable ASCII; a value may be
 * anything. */
bool field_cut(struct span field, struct span *out_name, struct span *out_value);

/* Remove the line ends from a field of len octets, but not the white space behind them.
 * Returns its length afterwards. */
size_t field_unfold(char *at, size_t len);

/* Begin an unfolded field: take its name off the front of *io, and write the name that
 * the field gets in the surrogate. The caller sets s->way; field_begin fills in the
 * rest of *s. `status`: the field belongs to a delivery status notification (RFC 3464).
 * False: the field is left out, because s->way leaves such fields out or, with f->lost,
 * because it has no form in ASCII or its first element is too long. A line that is no
 * field becomes the field Comments. */
bool field_begin(struct fold *f, struct field *s, struct span *io, enum field_have have,
		 bool status);

/* Write the next element, and take it off *io. Returns FIELD_MORE only if `have` is
 * FIELD_PART. */
enum field_went field_step(struct fold *f, struct field *s, struct span *io,
			   enum field_have have);
