/* mail/lineend.h - where lines end.
 *
 * Prefix: lineend_. All line ends of a piece are found
 * before anything is done with its lines, 64 octets at a time and with hardly a branch:
 * how long the next line is cannot be foreseen.
 */
#pragma once

#include "base/span.h"

enum { LINEEND_PIECE_MAX = 4096 };

struct lineends {
	uint16_t at[LINEEND_PIECE_MAX + 2]; /* two more are written to than count */
};

/* How they are found: each way is faster than the one before it. */
enum lineend_way { LINEEND_PLAIN, LINEEND_SSE2, LINEEND_AVX2 };

/* The best that this processor has the instructions for; it has those before too. */
enum lineend_way lineend_best(void);

/* The places of all LF in `in`, which has LINEEND_PIECE_MAX octets at most, in order.
 * Returns how many. `way` is not above lineend_best(). */
size_t lineend_find(enum lineend_way way, struct span in, struct lineends *out);
