/* cli/compare.h - compares what two POP3 servers say of one maildrop.
 *
 * Prefix: compare_.
 */
#pragma once

#include "base/buf.h"

/* The lines of a reply to LIST or UIDL, each with an LF; malloc'ed. */
struct compare_text {
	char *at;
	size_t len, room;
	bool failed; /* out of memory */
};

/* Append a line: a pop_take_fn, whose argument is a struct compare_text. */
void compare_add(void *text, struct span line);
void compare_done(struct compare_text *text);

/* What a server says of a maildrop. */
struct compare_view {
	uint64_t messages, octets; /* of the reply to STAT */
	struct compare_text list, uidl;
};

/* Read the numbers in the text of the reply to STAT (RFC 1939 section 5): "2 320".
 * False: there are none. */
MUST_USE bool compare_stat(struct span said, struct compare_view *out);

/* Are both views the same, octet for octet, and with `sizes` in all sizes, too? False:
 * *out gets a sentence about the first difference, and how many there are. */
MUST_USE bool compare_views(const struct compare_view *old,
			    const struct compare_view *new, bool sizes,
			    struct buf *out);
