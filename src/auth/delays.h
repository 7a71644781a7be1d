/* auth/delays.h - who has failed to log in must wait before the next password counts.
 *
 * Prefix: delays_. For many threads; time is passed in. Failures are
 * counted for the address, for its network, and for the name. Each of them is delayed
 * by its own count, and one attempt queues behind the other; the longest wait counts,
 * up to a limit. Memory is bounded: see delays.c for who is forgotten.
 *
 *	address  IPv4, or the first 64 bits of IPv6, which is what one customer has
 *	network  /24 of IPv4, /48 of IPv6
 *	name     of the user, whether there is one or not
 *	pair     name and /24, or /64, from where that user has logged in before
 *
 * Where the pair is known, its own failures alone count, and count for it alone:
 * neither a neighbour nor the whole world can delay a user where the user has been.
 */
#pragma once

#include "base/address.h"

struct delays;

struct delays_rule {
	uint32_t first_ms; /* the first delay, which doubles; 0: none at all */
	uint32_t most_ms;  /* no attempt waits longer */
};

enum {
	DELAYS_KEY_OCTETS = 16,
	DELAYS_HALF_MS = 600000, /* so long, and half of the failures are forgotten */
	/* so many failures are free before the delay begins */
	DELAYS_FREE_ADDRESS = 2,
	DELAYS_FREE_NETWORK = 20,
	DELAYS_FREE_NAME = 5,
	DELAYS_FREE_PAIR = 5,
	/* what there is room for */
	DELAYS_RECORDS = 1 << 15,
	DELAYS_PAIRS = 1 << 16,
	DELAYS_BUCKET = 8, /* pairs of one name, at most */
};

/* NULL: out of memory. The key is random, and nobody else's. */
MUST_USE struct delays *delays_new(const struct delays_rule *rule,
				   const unsigned char key[DELAYS_KEY_OCTETS]);
void delays_free(struct delays *d); /* NULL is allowed */

/* An attempt: how many ms must it wait before it is looked at? It has its place in the
 * queue then. An address with no bits is none: the name alone counts. */
MUST_USE uint32_t delays_ask(struct delays *d, const struct address *from,
			     struct span name, uint64_t now_ms);

/* What became of it. A success forgives nothing: whoever has one password could guess
 * at others between. */
void delays_failed(struct delays *d, const struct address *from, struct span name,
		   uint64_t now_ms);
void delays_good(struct delays *d, const struct address *from, struct span name,
		 uint64_t now_ms);
