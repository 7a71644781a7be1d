/* store/maildir/maildir.h - the Maildir as a kind of store: what its files share.
 *
 * Prefix: maildir_. Only store/kinds.c and the files of this folder include it.
 */
#pragma once

#include "store/index.h"
#include "store/kind.h"
#include "store/maildir/scan.h"

extern const struct store_kind maildir_kind;

struct maildir {
	struct maildrop base; /* first: a maildir is a maildrop; its dir is locked */
	struct store_locks *locks;
	struct index index; /* the listing of the session, on disk or in memory */
};

/* Records to read at a time for marked messages, which mostly are next to each other.
 */
enum { LOADS_AT_A_TIME = 16 };

/* Add to s the file of message msg, as the index of rd has it. FAULT_IO: the index is
 * damaged. */
MUST_USE enum fault maildir_load(struct index_reader *rd, uint32_t msg, struct scan *s,
				 struct why *why);

/* ---- calls of the kind (store/kind.h) with files of their own ---- */

/* store/maildir/list.c */
MUST_USE enum fault maildir_list(struct maildrop *m, const struct store_opening *o,
				 struct why *why);

/* store/maildir/remove.c */
enum fault maildir_remove(struct maildrop *m, const uint64_t *marks, bool durable,
			  struct why *why);

/* store/maildir/seen.c */
void maildir_mark_seen(struct maildrop *m, const uint64_t *which);

/* ---- store/maildir/maildirsize.c: the quota that other programs keep ---- */

struct maildir_removed {
	uint64_t octets;
	uint32_t messages;
};

/* Add a removed file of this name, with `stored` octets on disk, to *r. */
void maildir_count(struct maildir_removed *r, struct span name, uint64_t stored);

/* Subtract *r in the file maildirsize, if the Maildir has one. */
void maildir_subtract(int dir, const struct maildir_removed *r);
