/* store/kind.h - what a kind of store must be able to do.
 *
 * Prefix: store_. store/store.c calls a kind; everything else calls store/store.h.
 *
 * A kind is one folder below store/ with one struct store_kind, which has a row in
 * store/kinds.c and in test/store/kinds.h; the conformance suite then tests each
 * promise below with it. A kind knows where messages are, and how to list and remove
 * them. It does not know the ledger and the rules that depend on time (login delay,
 * retention): those are in store/retention.c.
 *
 * The interface allows for two more kinds: mbox, whose maildrop is one file (a
 * store_body has an offset), and RADOS, whose messages are objects (a store_body is a
 * memfd). Every call may block, since it runs in a thread of poplar-drop. A kind with
 * an asynchronous library waits inside the call; so that it can send many requests at a
 * time, each call gets all its messages at once (first and count, or a bit for each
 * message).
 */
#pragma once

#include "store/maildrop.h"

struct store_kind {
	const char *name;

	/* See store_start. NULL: there is nothing to do. */
	bool (*start)(void);

	/* Find the maildrop, create its folders if the opening allows that, and lock
	 * it. *out is a structure of the kind that begins with a struct maildrop, of
	 * which `open` sets `dir` and `has_new_home`; `close` frees it. FAULT_BUSY:
	 * another session has the lock. FAULT_SETUP: the maildrop is missing, or is not
	 * ours to use. */
	enum fault (*open)(const struct store_opening *o, struct maildrop **out,
			   struct why *why);

	/* List the messages in the order of their delivery: set listing, trouble, kept
	 * and fresh of *m. The store calls it again after `remove`. */
	enum fault (*list)(struct maildrop *m, const struct store_opening *o,
			   struct why *why);

	/* Open `count` messages from message `first` on; messages count from 1.
	 * out[i].why has the fault of each. FAULT_GONE: another program has removed the
	 * message. FAULT_CHANGED: it is not the message that was listed.
	 * FAULT_NO_MESSAGE: the listing has no such message. */
	void (*bodies)(struct maildrop *m, uint32_t first, uint32_t count,
		       struct store_body out[]);

	/* Find out when each message of `which` (bit i: message i + 1) was delivered:
	 * out[i] becomes that time in seconds since 1970, or 0 if unknown. */
	enum fault (*delivered)(struct maildrop *m, const uint64_t *which,
				uint64_t out[], struct why *why);

	/* Remove the marked messages (bit i: message i + 1). A message that another
	 * program has removed counts as removed. `durable`: once the call has returned,
	 * the removals survive a crash of the machine. After a fault some of the marked
	 * messages may be removed, but never an unmarked one. */
	enum fault (*remove)(struct maildrop *m, const uint64_t *marks, bool durable,
			     struct why *why);

	/* Set the flag by which other programs see that the messages of `which` were
	 * read. NULL: the kind has no such flag. */
	void (*mark_seen)(struct maildrop *m, const uint64_t *which);

	/* A reader of the listing has found a damaged record or a wrong size: the next
	 * opening measures every message anew. */
	void (*doubt)(struct maildrop *m);

	/* Release the lock. After this call, only `close` may be called. */
	void (*unlock)(struct maildrop *m);

	/* Release the lock, unless `unlock` has, and free *m. */
	void (*close)(struct maildrop *m);

	/* ---- delivery: see the calls of the same names in store/store.h. Any thread
	 * may make these calls, also while a session has the lock. ---- */

	/* Is the maildrop there, or could a delivery create it? */
	enum fault (*accepts)(const struct store_opening *o, struct why *why);

	/* The quota must hold exactly, also if several processes deliver at once: see
	 * store/quota.h. */
	enum fault (*deliver)(const struct store_opening *o,
			      const struct store_message *m,
			      const struct store_quota *quota,
			      struct store_delivered *out, struct why *why);
	enum fault (*spool)(const struct store_opening *o, int *out_fd,
			    struct why *why);
	enum fault (*usage)(const struct store_opening *o, struct store_usage *out,
			    struct why *why);

	/* NULL: the kind shares no quota with other programs. */
	enum fault (*recount)(const struct store_opening *o,
			      const struct store_quota *quota, bool create,
			      struct why *why);
};
