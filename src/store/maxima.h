/* store/maxima.h - how many messages a board has ever had.
 *
 * Prefix: maxima_. RFC 1082 demands for each board a number, the maxima, which grows by
 * one with each new message and never decreases. A file in the board's folder holds the
 * maxima, and a sum of each unique-id that was listed when it was written. A message is
 * new if its sum is not in the file. If the process may not write the file, it counts
 * the same messages as new each time.
 */
#pragma once

#include "store/maildrop.h"

/* The name has no leading dot: in a Maildir, such a name is a folder. */
#define MAXIMA_FILE "poplar-maxima"

/* Return the maxima of the board in the folder `dir`, whose listing is `l`, and update
 * the file. The maxima is at least l->count and at most UINT32_MAX. Several threads may
 * call this at the same time. *why is set only if memory ran out, a record is
 * damaged, or the file could not be written. */
uint32_t maxima_of(int dir, const struct store_listing *l, struct why *why);
