/* auth/ticket.h - what a front shows when it asks again for a user that was let in.
 *
 * Prefix: ticket_. For many threads. A text, sealed with a key that no
 * other process has: whoever keeps it can neither read nor make nor change one. It is
 * good for one holder only, and as long as the key is there.
 */
#pragma once

#include "base/buf.h"

struct tickets;

/* For whom it is: a channel of this process, never used again for another, and the
 * number of a connection behind it. */
struct ticket_holder {
	uint64_t link, id;
};

enum { TICKET_TEXT_MAX = 4560, TICKET_OCTETS_MAX = TICKET_TEXT_MAX + 40 };

/* NULL: out of memory. Behind scheme_start, before sandboxes. */
MUST_USE struct tickets *tickets_new(void);
void tickets_free(struct tickets *b);

/* Append the ticket to *out, which is `cut` if it does not fit. */
void ticket_seal(struct tickets *b, struct ticket_holder holder, struct span text,
		 struct buf *out);

/* Append the text to *out. False: it is none of ours, or another's. */
MUST_USE bool ticket_open(const struct tickets *b, struct ticket_holder holder,
			  struct span ticket, struct buf *out);
