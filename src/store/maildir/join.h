/* store/maildir/join.h - the index of a Maildir on its way from what was known to what
 * is there.
 *
 * Prefix: maildir_.
 */
#pragma once

#include "store/maildir/maildir.h"

/* What the flags of a record mean here. */
enum {
	FLAG_DUPLICATE = 1,
	FLAG_CLOSED = 2,
	FLAG_PASSING = 4,
	FLAG_NUMBERLESS = 8,
	FLAG_PACKED = STORE_PACKED
};

struct update {
	struct maildir *d;
	const struct store_opening *opening;
	struct index old; /* fd -1: none that can be used */
	bool whole;       /* join all of it */
	struct scan scan; /* of the messages behind those that are skipped */
	struct scan_seen seen;
	uint32_t skip; /* messages in front that are as they were */
	uint64_t joined_octets, joined_ascii_octets; /* of the others, as they were */
};

/* Join what was read with u->old. FAULT_CORRUPT: the index is damaged. */
MUST_USE enum fault maildir_join(struct update *u, struct why *why);

/* ---- store/maildir/duplicates.c ---- */

/* The base name that the unique-id is made of. */
struct span maildir_base(const struct scan *s, const struct scan_file *f,
			 char room[NAME_DUPLICATE_MAX]);

/* Give each of the files that share a base name one of its own, where that can be. */
MUST_USE enum fault maildir_separate_duplicates(struct update *u, struct why *why);
