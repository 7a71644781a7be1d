/* store/maildir/arrivals.h - the part of a delivery to a Maildir that has the index
 * know the new message.
 *
 * Prefix: arrivals_. See store/arrivals.h. A delivery calls, in this order: fill and
 * sync a file in tmp; arrivals_begin; (with a quota) arrivals_usage; rename or link the
 * file into new; sync new; arrivals_delivered or arrivals_failed.
 */
#pragma once

#include "store/arrivals.h"
#include "store/maildir/scan.h"

/* A delivery that is under way. */
struct arrival;

/* A file with this name is about to appear in `new` of the open Maildir `dir`. NULL:
 * the index cannot be brought up to date; the delivery goes on in the same way. */
struct arrival *arrivals_begin(const struct store_opening *o, int dir,
			       const char *name);

/* How much mail does the maildrop have at this moment? False: the folders must be read
 * to know. */
MUST_USE bool arrivals_usage(struct arrival *r, struct store_usage *out);

/* The delivery has succeeded. *file has identity, stored, modified, octets, form,
 * surrogate and difference of the delivered file, as scan_measure sets them; other
 * fields do not count. Frees r, which may be NULL. */
void arrivals_delivered(struct arrival *r, const struct scan_file *file);

/* The delivery has failed, or its outcome is uncertain. Frees r, which may be NULL. */
void arrivals_failed(struct arrival *r);
