/* auth/delays.h - after failed logins, how long the next attempt must wait.
 *
 * Prefix: delays_. Several threads may call these functions at the same time. The
 * caller passes the time of clock_ms(). Four kinds of records count failures:
 *
 *	address  an IPv4 address, or the first 64 bits of an IPv6 address (one customer)
 *	network  /24 of IPv4, /48 of IPv6
 *	name     a user name, whether such a user exists or not
 *	pair     a user name with a /24 (IPv4) or /64 (IPv6) of a login of that user
 *
 * Some failures of a record are free. The next one sets the record's step to first_ms,
 * and each further one doubles the step. An attempt queues in each of its records, one
 * step behind the attempt before it; the longest of these waits counts, up to most_ms.
 * If a user has logged in from a network before, the pair has a record, and it alone
 * counts and delays attempts of that name from that network. So nobody elsewhere can
 * delay such a user. Memory is bounded: delays.c says which records make room.
 */
#pragma once

#include "base/address.h"

struct delays;

struct delays_rule {
	uint32_t first_ms; /* the first step, which doubles; 0: no delays */
	uint32_t most_ms;  /* the longest wait */
};

enum {
	DELAYS_KEY_OCTETS = 16,
	DELAYS_HALF_MS = 600000, /* after this time a record's failures are halved */
	/* free failures of one record */
	DELAYS_FREE_ADDRESS = 2,
	DELAYS_FREE_NETWORK = 20,
	DELAYS_FREE_NAME = 5,
	DELAYS_FREE_PAIR = 5,
	/* the most records that are kept */
	DELAYS_RECORDS = 1 << 15, /* of addresses, networks and names */
	DELAYS_PAIRS = 1 << 16,
	DELAYS_BUCKET = 8, /* records that one hash value chooses among */
};

/* `key` is a random secret, so that nobody can choose which records share a bucket. It
 * is copied, like *rule. NULL: out of memory. */
MUST_USE struct delays *delays_new(const struct delays_rule *rule,
				   const unsigned char key[DELAYS_KEY_OCTETS]);
void delays_free(struct delays *d); /* NULL is allowed */

/* Queue an attempt. Returns how many milliseconds the attempt must wait; then the
 * caller checks it without calling this function again. If the address is unknown
 * (from->bits is 0), only the name counts. If the name is empty, only address and
 * network count. */
MUST_USE uint32_t delays_ask(struct delays *d, const struct address *from,
			     struct span name, uint64_t now_ms);

/* The attempt failed: count it. */
void delays_failed(struct delays *d, const struct address *from, struct span name,
		   uint64_t now_ms);

/* The attempt succeeded: remember the pair. Failures stay counted; otherwise the holder
 * of one password could log in between guesses at others. */
void delays_good(struct delays *d, const struct address *from, struct span name,
		 uint64_t now_ms);
