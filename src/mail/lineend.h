/* mail/lineend.h - finds the line ends in a piece of text.
 *
 * Prefix: lineend_. One call finds all line ends of a piece, 64 octets at a time and
 * almost without branches; the caller processes the lines afterwards. A loop that
 * searches for one line end after the other is slower, because the processor cannot
 * predict how long a line is.
 */
#pragma once

#include "base/span.h"

enum { LINEEND_PIECE_MAX = 4096 };

struct lineends {
	/* lineend_find may write up to two entries beyond those it counts. */
	uint16_t at[LINEEND_PIECE_MAX + 2];
};

/* The implementations, each faster than the one before it. */
enum lineend_way { LINEEND_PLAIN, LINEEND_SSE2, LINEEND_AVX2 };

/* The fastest implementation that this processor can run; it can run all slower ones,
 * too. */
enum lineend_way lineend_best(void);

/* Write the offsets of all LF in `in` to *out, in ascending order, and return their
 * number. `in` has at most LINEEND_PIECE_MAX octets, and `way` is at most
 * lineend_best(). */
size_t lineend_find(enum lineend_way way, struct span in, struct lineends *out);
