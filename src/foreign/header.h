/* foreign/header.h - finds fields in the header of a stored message, octet by octet as
 * other servers see them.
 *
 * Prefix: header_. Digests that other servers use as unique-ids cover the fields with
 * their line ends, so nothing is unfolded or trimmed. Spans point into the message.
 */
#pragma once

#include "base/span.h"

/* Cut the next field off *io_message: its lines with their line ends, the first one and
 * those that continue it (they begin with a blank or a tab). False: the header has
 * ended; *io_message is the empty line and the body. */
MUST_USE bool header_cut(struct span *io_message, struct span *out_field);

/* Cut the next line off *io, with its line end. */
struct span header_line(struct span *io);

/* Has the field this name? The case of letters does not count, and the colon must
 * follow the name at once. *out_value becomes the part behind the colon, with its line
 * ends. */
MUST_USE bool header_is(struct span field, const char *name, struct span *out_value);

/* A value on its first line, without blanks and tabs around it, and without its line
 * end. */
struct span header_trim(struct span value);

/* Find the first field of this name. False: there is none. */
MUST_USE bool header_find(struct span message, const char *name,
			  struct span *out_value);
