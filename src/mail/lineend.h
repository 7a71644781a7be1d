/* mail/lineend.h - find the line ends in a piece of text.
 *
 * Prefix: lineend_. All line ends of a piece are found first, 64 octets at a time and
 * almost without branches, before its lines are processed. The processor cannot predict
 * how long a line is, so a loop that searches for each line end by itself is slow.
 */
#pragma once

#include "base/span.h"

enum { LINEEND_PIECE_MAX = 4096 };

struct lineends {
	/* Up to two entries beyond the count may be written. */
	uint16_t at[LINEEND_PIECE_MAX + 2];
};

/* The implementations, each faster than the one before it. */
enum lineend_way { LINEEND_PLAIN, LINEEND_SSE2, LINEEND_AVX2 };

/* The fastest that this processor can run. It can run all slower ones too. */
enum lineend_way lineend_best(void);

/* Write the offsets of all LF in `in` to *out, in ascending order, and return their
 * number. `in` has at most LINEEND_PIECE_MAX octets, and `way` is at most
 * lineend_best(). */
size_t lineend_find(enum lineend_way way, struct span in, struct lineends *out);
