/* dropd/marks.h - the marks of one session: messages to remove, and messages that were
 * retrieved.
 *
 * Prefix: marks_. A row of marks has a bit for each message, message 1 first. MARKS
 * brings the rows in pieces. COMMIT says how many bits are set; if marks_are finds
 * another number, nothing is removed.
 */
#pragma once

#include "base/fault.h"

struct marks {
	uint32_t messages;    /* in the maildrop */
	bool notes_retrieved; /* a second row marks the messages that were retrieved */
	uint64_t *words;      /* NULL: no MARKS has arrived */
};

/* Store a piece of the rows: the octets `bits`, from bit `first` on. FAULT_PEER: the
 * piece does not lie within the rows, or `first` is no multiple of 8. FAULT_NOMEM. */
MUST_USE enum fault marks_put(struct marks *m, uint64_t first, struct span bits);

/* Does the first row have exactly `deleted` bits set, and the second `retrieved`, and
 * none behind the last message? */
bool marks_are(const struct marks *m, uint64_t deleted, uint64_t retrieved);

/* The two rows. NULL: no MARKS has arrived, or the session does not note retrieval. */
const uint64_t *marks_deleted(const struct marks *m);
const uint64_t *marks_retrieved(const struct marks *m);

/* Free the marks. *m must not be used after this. */
void marks_free(struct marks *m);
