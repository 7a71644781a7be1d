/* store/maxima.h - how many messages a board has ever had.
 *
 * Prefix: maxima_. RFC 1082 wants a number for each board, the maxima, which grows with
 * each message and never decreases. A file in the board's directory holds the maxima
 * and the sums of the unique-ids that were there. A message whose sum is missing has
 * come since. If the process may not write the file, it counts those messages each
 * time.
 */
#pragma once

#include "store/maildrop.h"

/* The name has no leading dot: in a Maildir, such a name is a folder. */
#define MAXIMA_FILE "poplar-maxima"

/* Return the maxima of the board in this directory, whose listing is `l`: at least
 * l->count, at most UINT32_MAX; and update the file. Any thread may call this. *why is
 * set only if memory ran out or the file could not be written. */
uint32_t maxima_of(int dir, const struct store_listing *l, struct why *why);
