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

/* Count the messages in the Maildir's folder `dir` as a listing at this moment would;
 * writes no index. The lock of sessions is not needed. */
MUST_USE enum fault maildir_count_mail(int dir, const struct store_opening *o,
				       struct store_usage *out, struct why *why);

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

/* store/maildir/deliver.c */
MUST_USE enum fault maildir_accepts(const struct store_opening *o, struct why *why);
MUST_USE enum fault maildir_deliver(const struct store_opening *o,
				    const struct store_message *m,
				    const struct store_quota *quota,
				    struct store_delivered *out, struct why *why);
MUST_USE enum fault maildir_spool(const struct store_opening *o, int *out_fd,
				  struct why *why);
MUST_USE enum fault maildir_usage(const struct store_opening *o,
				  struct store_usage *out, struct why *why);

/* store/maildir/recount.c */
MUST_USE enum fault maildir_recount(const struct store_opening *o,
				    const struct store_quota *quota, bool create,
				    struct why *why);

/* ---- store/maildir/maildirsize.c and recount.c: the quota that other programs keep
 * ---- */

/* Write the file maildirsize of the open Maildir `dir` anew, with this quota or, if it
 * has no limit, with that of the present file. Without such a file, and unless
 * `create`, nothing happens. */
MUST_USE enum fault maildir_renew_size(int dir, const struct store_quota *quota,
				       bool create, struct why *why);

/* Messages that count for that quota; octets as stored. */
struct maildir_share {
	uint64_t octets;
	uint32_t messages;
};

/* Add a file of this name, with `stored` octets on disk, to *s. */
void maildir_count(struct maildir_share *s, struct span name, uint64_t stored);

/* Add *s to the usage in the file maildirsize, or subtract *s from it, if the Maildir
 * has such a file. */
void maildir_add(int dir, const struct maildir_share *s);
void maildir_subtract(int dir, const struct maildir_share *s);
