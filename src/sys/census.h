/* sys/census.h - how many connections there are, and each address has, over all network
 * processes.
 *
 * Prefix: census_. A table in memory that poplard makes and they share.
 * Each counts in a column of its own and adds up all: there is nothing to lock, and
 * what one that died has counted is cleared with its column. IPv4 addresses count
 * whole, of IPv6 ones the first 64 bits, which is what one customer has. Where an
 * address stands is hashed with a random key, so that nobody outside can choose whom to
 * share a place with. A process that was captured can count wrong, and no more.
 */
#pragma once

#include "base/address.h"
#include "base/fault.h"

enum {
	CENSUS_COLUMNS = 512,    /* processes at a time */
	CENSUS_MOST = 10000,     /* connections that can be told apart from too many */
	CENSUS_PLACES = 1 << 16, /* addresses in a column, 256 KiB */
};

/* Embedded in its owner; all zero: none. */
struct census {
	struct census_table *table;
	unsigned column;
};

/* A new table, that cannot change its size any more. */
MUST_USE enum fault census_make(int *out_fd, struct why *why);

/* Use the table in `fd`, which stays the caller's. False: it is none, or there is no
 * such column. */
MUST_USE bool census_open(struct census *c, int fd, uint64_t column);
void census_close(struct census *c);

/* Forget what was counted in a column. */
void census_clear(const struct census *c, unsigned column);

/* What an address counts as; never 0. */
uint64_t census_key(const struct census *c, const struct address *a);

enum census_got {
	CENSUS_COUNTED,
	CENSUS_FULL, /* no place left: not counted, and nothing said against it */
	CENSUS_MANY, /* there are `most` already */
};

/* One more connection. Of several processes that ask at once too many may be refused,
 * but never too many let in. */
MUST_USE enum census_got census_enter(const struct census *c, uint64_t key,
				      unsigned most);

/* One less, for each CENSUS_COUNTED. */
void census_leave(const struct census *c, uint64_t key);

/* The same for all connections together, from wherever. False: there are `most`. */
MUST_USE bool census_join(const struct census *c, unsigned most);
void census_part(const struct census *c);
