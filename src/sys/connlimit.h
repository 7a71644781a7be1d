/* sys/connlimit.h - the connection limit table: connections of all fronts and of
 * poplar-lmtp, in total and for each address.
 *
 * Prefix: connlimit_. The table is memory that poplard makes and the fronts share; the
 * word front includes poplar-lmtp in this file. Each front counts in a column of its
 * own, and compares the sum over all columns with a limit. So the table needs no lock,
 * and when a front dies, poplard clears its counts by clearing its column. An IPv4
 * address counts as a whole, an IPv6 address by its first 64 bits (one customer). A
 * hash with a random key chooses the place of an address, so nobody can find an address
 * that shares the place of another one. All that a captured front can do is falsify
 * counts.
 */
#pragma once

#include "base/address.h"
#include "base/fault.h"

enum {
	CONNLIMIT_COLUMNS = 512,    /* fronts at a time */
	CONNLIMIT_MOST = 10000,     /* the largest limit of an address */
	CONNLIMIT_PLACES = 1 << 16, /* addresses in a column, which has 256 KiB */
};

/* The table as one front has mapped it. The owner embeds it. All zero: no table, for
 * which only connlimit_open and connlimit_close may be called. */
struct connlimit {
	struct connlimit_table *table;
	unsigned column;
};

/* Make a table, of a fixed size. */
MUST_USE enum fault connlimit_make(int *out_fd, struct why *why);

/* Map the table in `fd`, which the caller keeps, and count in `column` from here on.
 * False: fd is no such table, or the table has no such column. */
MUST_USE bool connlimit_open(struct connlimit *c, int fd, uint64_t column);
void connlimit_close(struct connlimit *c);

/* Set all counts of a column to 0. */
void connlimit_clear(const struct connlimit *c, unsigned column);

/* The key of an address, for connlimit_add_from and connlimit_remove_from; never 0. */
uint64_t connlimit_key(const struct connlimit *c, const struct address *a);

enum connlimit_got {
	CONNLIMIT_COUNTED,
	CONNLIMIT_FULL, /* not counted, because the column has no place left: accept the
			   connection */
	CONNLIMIT_MANY, /* not counted: the address has `most` connections, so refuse
			   this one */
};

/* Count one more connection of an address, unless it has `most`. If several fronts do
 * so at the same time, they may refuse too many connections, but never too few. */
MUST_USE enum connlimit_got connlimit_add_from(const struct connlimit *c, uint64_t key,
					       unsigned most);

/* Count one connection of an address less. Call it once for each CONNLIMIT_COUNTED. */
void connlimit_remove_from(const struct connlimit *c, uint64_t key);

/* Count one more connection in total. False: not counted, there are `most` already. */
MUST_USE bool connlimit_add(const struct connlimit *c, unsigned most);

/* Count one connection in total less. Call it once for each connlimit_add that returned
 * true. */
void connlimit_remove(const struct connlimit *c);
