/* auth/delays.h - after failed logins, how long the next attempt must wait.
 *
 * Prefix: delays_. For many threads; the caller passes the time in milliseconds.
 *Failures are counted in records of four kinds:
 *
 *	address  an IPv4 address, or the first 64 bits of an IPv6 address (one customer)
 *	network  /24 of IPv4, /48 of IPv6
 *	name     a user name, whether such a user exists or not
 *	pair     a user name and a /24 (IPv4) or /64 (IPv6) from where that user has
 *logged in before
 *
 * Some failures of each record are free; each further one doubles its step. Attempts
 *queue in each of their records, one step behind the attempt before; the longest wait
 *counts, up to a limit. An attempt of a known pair counts in the pair's record alone,
 *and only that record delays it: neither neighbours nor the rest of the world can delay
 *a user where that user has been. Memory is bounded: delays.c says which records are
 *dropped.
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
	/* free failures: the next one begins the delays */
	DELAYS_FREE_ADDRESS = 2,
	DELAYS_FREE_NETWORK = 20,
	DELAYS_FREE_NAME = 5,
	DELAYS_FREE_PAIR = 5,
	/* room in memory */
	DELAYS_RECORDS = 1 << 15,
	DELAYS_PAIRS = 1 << 16,
	DELAYS_BUCKET =
		8, /* records that share a hash: one makes room in a full bucket */
};

/* `key` is random and known to nobody else, so that nobody can choose which records
 * share a bucket. NULL: out of memory. */
MUST_USE struct delays *delays_new(const struct delays_rule *rule,
				   const unsigned char key[DELAYS_KEY_OCTETS]);
void delays_free(struct delays *d); /* NULL is allowed */

/* Queue an attempt. Returns how many ms it must wait; after that the caller checks it
 * without asking again. `from` with no bits: the address is unknown, and the name alone
 * counts. An empty name: the address alone counts. */
MUST_USE uint32_t delays_ask(struct delays *d, const struct address *from,
			     struct span name, uint64_t now_ms);

/* The attempt failed: count it. */
void delays_failed(struct delays *d, const struct address *from, struct span name,
		   uint64_t now_ms);

/* The attempt succeeded: remember the pair. No failure is forgiven, or else whoever has
 * one password could guess others in between. */
void delays_good(struct delays *d, const struct address *from, struct span name,
		 uint64_t now_ms);
