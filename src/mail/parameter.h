/* mail/parameter.h - writes values with parameters in ASCII.
 *
 * Prefix: field_. RFC 6857 section 3.1.4, RFC 2231.
 */
#pragma once

#include "mail/phrase.h"

/* Write the value of Content-Type or Content-Disposition. A parameter whose value is
 * not ASCII is encoded as RFC 2231 has it (FIELD_FULL) or left out (FIELD_SIMPLE, RFC
 * 6858 section 2.2). Parameters behind the 64th are left out, and f->lost is set. */
void field_parameters(struct fold *f, struct span value, enum field_way way);

/* Cut the next "name=value" off *io, which begins behind a ';'. False: *io has no
 * further parameter. */
struct field_parameter {
	struct span whole, name, value; /* as they stand in the field */
};
bool field_next_parameter(struct span *io, struct field_parameter *out);

/* Write a parameter's value without quotes, comments and white space to `out`. Returns
 * the octets written, at most value.len. */
size_t field_value(struct span value, char *out);
