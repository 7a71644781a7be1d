/* mail/lineend.h - where lines end.
 *
 * Floor 1 (mail): does no I/O. Prefix: lineend_. All line ends of a piece are found
 * before anything is done with its lines, 64 octets at a time and with hardly a branch:
 * how long the next line is cannot be foreseen.
 */
#pragma once

#include "base/span.h"

enum { LINEEND_PIECE_MAX = 4096 };

struct lineends {
	uint16_t at[LINEEND_PIECE_MAX + 2]; /* two more are written to than count */
};

/* The places of all LF in `in`, which has LINEEND_PIECE_MAX octets at most, in order.
 * Returns how many. */
size_t lineend_find(struct span in, struct lineends *out);

/* The same, eight octets at a time: where there is no vector code, and to hold it
 * against. */
size_t lineend_find_plain(struct span in, struct lineends *out);
