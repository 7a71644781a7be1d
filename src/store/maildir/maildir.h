/* store/maildir/maildir.h - what the files of the Maildir share.
 *
 * Prefix: maildir_.
 */
#pragma once

#include "store/index.h"
#include "store/ledger.h"
#include "store/maildir/scan.h"
#include "store/store.h"

struct maildir {
	struct maildrop base; /* first: a maildir is a maildrop */
	struct store_locks *locks;
	int dir;
	struct index index; /* what the session sees, on disk or in memory */
	struct ledger ledger;
	struct why trouble; /* with the ledger */
	uint64_t *
		fresh; /* bit i: message i + 1 is in no listing of before; NULL: none */
	bool kept;     /* what the index knows later sessions will know too */
	const struct store_rules *rules;
};

/* Bring the index of the locked Maildir up to date, or make one in memory; fills in
 * d->index and d->base. `path` is for the log. */
MUST_USE enum fault maildir_list(struct maildir *d, const struct store_place *place,
				 struct why *why);

/* Add the file of message msg to s. FAULT_IO: the index is damaged. */
MUST_USE enum fault maildir_load(struct index_reader *rd, uint32_t msg, struct scan *s,
				 struct why *why);

/* ---- store/maildir/maildirsize.c: what others count ---- */

struct maildir_removed {
	uint64_t octets;
	uint32_t messages;
};

/* A file of this name has been removed. */
void maildir_count(struct maildir_removed *r, struct span name, uint64_t stored);

/* Tell those who keep a quota, where there is one. */
void maildir_take_off(int dir, const struct maildir_removed *r);

/* ---- store/retention.c: what is asked of the user ---- */

/* FAULT_TOO_SOON: not now. Trouble with what is remembered lets in. */
MUST_USE enum fault maildir_admit(struct maildir *d, struct why *why);

/* Does mail go after a time? */
bool maildir_expires(const struct maildir *d);

/* Which messages are due to go; *out is malloc'ed marks as of a commit, or NULL: none
 * is. */
MUST_USE enum fault maildir_due(struct maildir *d, uint64_t **out, struct why *why);

/* Remember what was retrieved; in vain where that cannot be written. */
void maildir_note(struct maildir *d, const uint64_t *marks, const uint64_t *retrieved);
