/* sys/connlimit.h - the connection limit table: connections of all fronts, in total and
 * for each address.
 *
 * Prefix: connlimit_. The table is memory that poplard makes and the fronts share. Each
 * front counts in a column of its own, and adds up all columns to compare with a limit.
 * So there is no lock, and poplard clears the counts of a dead front with its column.
 * An IPv4 address counts as a whole, an IPv6 address by its first 64 bits (one
 * customer). A hash with a random key chooses the place of an address, so that nobody
 * can choose an address that shares another one's place. A captured front can falsify
 * counts, and nothing else.
 */
#pragma once

#include "base/address.h"
#include "base/fault.h"

enum {
	CONNLIMIT_COLUMNS = 512,    /* fronts at a time */
	CONNLIMIT_MOST = 10000,     /* the largest limit of an address */
	CONNLIMIT_PLACES = 1 << 16, /* addresses in a column, which has 256 KiB */
};

/* One front's access to the table, embedded in its owner. All zero: none. */
struct connlimit {
	struct connlimit_table *table;
	unsigned column;
};

/* Make a table, of a fixed size. */
MUST_USE enum fault connlimit_make(int *out_fd, struct why *why);

/* Map the table in `fd`, which the caller keeps, to count in `column`. False: fd has no
 * table, or the table has no such column. */
MUST_USE bool connlimit_open(struct connlimit *c, int fd, uint64_t column);
void connlimit_close(struct connlimit *c);

/* Set all counts of a column to 0. */
void connlimit_clear(const struct connlimit *c, unsigned column);

/* The key of an address, for connlimit_add_from and connlimit_remove_from; never 0. */
uint64_t connlimit_key(const struct connlimit *c, const struct address *a);

enum connlimit_got {
	CONNLIMIT_COUNTED,
	CONNLIMIT_FULL, /* not counted, because the column is full: let it in */
	CONNLIMIT_MANY, /* not counted: the address has `most` connections already */
};

/* Count one more connection of an address. If several fronts do so at the same time,
 * too many may be refused, but never too few. */
MUST_USE enum connlimit_got connlimit_add_from(const struct connlimit *c, uint64_t key,
					       unsigned most);

/* Count one less. Call it once for each CONNLIMIT_COUNTED. */
void connlimit_remove_from(const struct connlimit *c, uint64_t key);

/* Count one more connection in total. False: not counted, there are `most` already. */
MUST_USE bool connlimit_add(const struct connlimit *c, unsigned most);

/* Count one less. Call it once for each connlimit_add that returned true. */
void connlimit_remove(const struct connlimit *c);
