/* dropd/marks.h - the marks of one session: what COMMIT removes, and what RETR has
 * sent.
 *
 * Prefix: marks_. A bit for each message, message 1 first. MARKS brings them in pieces;
 * COMMIT says how many there are, and only exactly so many are used.
 */
#pragma once

#include "base/fault.h"

struct marks {
	uint32_t messages;    /* in the maildrop */
	bool notes_retrieved; /* a second row of bits marks messages that RETR sent */
	uint64_t *words;      /* NULL: no MARKS has arrived */
};

/* Store a piece: the octets `bits`, from bit `first` on. FAULT_PEER: the piece does not
 * lie within the marks. FAULT_NOMEM. */
MUST_USE enum fault marks_put(struct marks *m, uint64_t first, struct span bits);

/* Are there exactly `deleted` and `retrieved` marks, and none behind the last message?
 */
bool marks_are(const struct marks *m, uint64_t deleted, uint64_t retrieved);

/* The two rows of bits. NULL: no marks of that row. */
const uint64_t *marks_deleted(const struct marks *m);
const uint64_t *marks_retrieved(const struct marks *m);

void marks_free(struct marks *m);
