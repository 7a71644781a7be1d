/* store/maxima.h - how many messages a board has ever had.
 *
 * Prefix: maxima_. RFC 1082 wants a number of each discussion group
 * that grows with each message that comes and never decreases. It is kept in a file of
 * the board's directory, beside the sums of the unique-ids that were there: what is not
 * among them has come since. Where whoever reads the board may not write there, the
 * number is what the file says, and what has come since it was written.
 */
#pragma once

#include "store/maildrop.h"

/* Not dotted: a Maildir takes such a name for a folder. */
#define MAXIMA_FILE "poplar-maxima"

/* The maxima of the board in this directory, of which `l` is the listing: its count at
 * least. It grows to the end of 32 bits. *why tells of a file that could not be
 * written, or is none. Any thread may. */
uint32_t maxima_of(int dir, const struct store_listing *l, struct why *why);
