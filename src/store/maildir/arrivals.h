/* store/maildir/arrivals.h - the part of a delivery to a Maildir that has the index
 * know the new message.
 *
 * Prefix: arrivals_. See store/arrivals.h. A delivery calls, in this order: fill and
 * sync a file in tmp; arrivals_begin; (with a quota) arrivals_usage; rename or link the
 * file into new; sync new; arrivals_end.
 */
#pragma once

#include "store/arrivals.h"
#include "store/maildir/scan.h"

/* A delivery that is under way. */
struct arrival;

/* A file with this name is about to appear in `new` of the open Maildir `dir`. *file
 * has its identity, stored, modified, octets, form, surrogate, difference and trouble,
 * as scan_measure sets them for the file in tmp; other fields do not count. NULL: the
 * index cannot be brought up to date; the delivery goes on in the same way. */
struct arrival *arrivals_begin(const struct store_opening *o, int dir, const char *name,
			       const struct scan_file *file);

/* How much mail does the maildrop have at this moment, by the index and by the
 * deliveries of this process? False: the folders must be read to know. */
MUST_USE bool arrivals_usage(struct arrival *r, struct store_usage *out);

/* The same for the open Maildir `dir`, outside a delivery. False also if no delivery
 * of this process is waiting to be settled: then the index may tell. */
MUST_USE bool arrivals_usage_of(const struct store_opening *o, int dir,
				struct store_usage *out);

/* The delivery has ended, well or not. Frees r, which may be NULL. */
void arrivals_end(struct arrival *r);
