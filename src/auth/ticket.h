/* auth/ticket.h - what a front shows when it asks again for a user that was let in.
 *
 * Prefix: badge_. For many threads. A text, sealed with a key that no
 * other process has: whoever keeps it can neither read nor make nor change one. It is
 * good for one holder only, and as long as the key is there.
 */
#pragma once

#include "base/buf.h"

struct badges;

/* For whom it is: a channel of this process, never used again for another, and the
 * number of a connection behind it. */
struct badge_holder {
	uint64_t link, id;
};

enum { BADGE_TEXT_MAX = 4560, BADGE_OCTETS_MAX = BADGE_TEXT_MAX + 40 };

/* NULL: out of memory. Behind scheme_start, before sandboxes. */
MUST_USE struct badges *badges_new(void);
void badges_free(struct badges *b);

/* Append the badge to *out, which is `cut` if it does not fit. */
void badge_seal(struct badges *b, struct badge_holder holder, struct span text,
		struct buf *out);

/* Append the text to *out. False: it is none of ours, or another's. */
MUST_USE bool badge_open(const struct badges *b, struct badge_holder holder,
			 struct span badge, struct buf *out);
