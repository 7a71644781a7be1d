/* sys/connlimit.h - how many connections there are, and each address has, over all
 * network processes.
 *
 * Prefix: connlimit_. A table in memory that poplard makes and they share.
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
	CONNLIMIT_COLUMNS = 512, /* processes at a time */
	CONNLIMIT_MOST = 10000,  /* connections that can be told apart from too many */
	CONNLIMIT_PLACES = 1 << 16, /* addresses in a column, 256 KiB */
};

/* Embedded in its owner; all zero: none. */
struct connlimit {
	struct connlimit_table *table;
	unsigned column;
};

/* A new table, that cannot change its size any more. */
MUST_USE enum fault connlimit_make(int *out_fd, struct why *why);

/* Use the table in `fd`, which stays the caller's. False: it is none, or there is no
 * such column. */
MUST_USE bool connlimit_open(struct connlimit *c, int fd, uint64_t column);
void connlimit_close(struct connlimit *c);

/* Forget what was counted in a column. */
void connlimit_clear(const struct connlimit *c, unsigned column);

/* What an address counts as; never 0. */
uint64_t connlimit_key(const struct connlimit *c, const struct address *a);

enum connlimit_got {
	CONNLIMIT_COUNTED,
	CONNLIMIT_FULL, /* no place left: not counted, and nothing said against it */
	CONNLIMIT_MANY, /* there are `most` already */
};

/* One more connection. Of several processes that ask at once too many may be refused,
 * but never too many let in. */
MUST_USE enum connlimit_got connlimit_add_from(const struct connlimit *c, uint64_t key,
					       unsigned most);

/* One less, for each CONNLIMIT_COUNTED. */
void connlimit_remove_from(const struct connlimit *c, uint64_t key);

/* The same for all connections together, from wherever. False: there are `most`. */
MUST_USE bool connlimit_add(const struct connlimit *c, unsigned most);
void connlimit_remove(const struct connlimit *c);
