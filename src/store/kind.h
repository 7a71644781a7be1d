/* store/kind.h - what a kind of store must be able to do.
 *
 * Prefix: store_. store/store.c calls a kind; everything else calls store/store.h.
 *
 * A kind is one folder below store/ with one struct store_kind, which gets a row in
 * store/kinds.c and in test/store/kinds.h; the conformance suite then tries each
 * promise with it. A kind knows where messages are and how to list and remove them.
 * Rules that depend on time (login delay, retention) and the ledger stand above the
 * kinds, in store/retention.c.
 *
 * The next kinds: mbox, whose maildrop is one file (a store_body then has an offset),
 * and RADOS, whose messages are objects (a store_body then is a memfd). Every call may
 * block, since a thread of poplar-drop makes it; a kind with an asynchronous library
 * waits for the completion inside the call. Calls get all messages at once (first and
 * count, or a bit for each message) so that such a kind can have many requests under
 * way. A call that delivers a message would be one more member here, beside `remove`.
 */
#pragma once

#include "store/maildrop.h"

struct store_kind {
	const char *name;

	/* Find the maildrop, create what the opening allows, and take the lock. *out is
	 * a structure of the kind that begins with a struct maildrop, of which the kind
	 * sets `dir` and `has_new_home`; `close` frees it. FAULT_BUSY: another session
	 * has the lock. FAULT_SETUP: the maildrop is missing, or is not ours to use. */
	enum fault (*open)(const struct store_opening *o, struct maildrop **out,
			   struct why *why);

	/* List the messages in the order of their delivery: fill in `listing`,
	 * `trouble`, `kept` and `fresh`. May be called again after `remove`. */
	enum fault (*list)(struct maildrop *m, const struct store_opening *o,
			   struct why *why);

	/* Open `count` messages from message `first` on; the first message of all is 1.
	 * Each has its own fault. FAULT_GONE: someone has removed the message.
	 * FAULT_CHANGED: it is not the message that was listed. FAULT_NO_MESSAGE: there
	 * never was such a message. */
	void (*bodies)(struct maildrop *m, uint32_t first, uint32_t count,
		       struct store_body out[]);

	/* Find out when each message of `which` (bit i: message i + 1) was delivered:
	 * out[i] is in seconds since 1970, 0 if unknown. */
	enum fault (*delivered)(struct maildrop *m, const uint64_t *which,
				uint64_t out[], struct why *why);

	/* Remove the marked messages (bit i: message i + 1). A message that someone
	 * else has removed counts as removed. `durable`: the removals survive a crash
	 * of the machine once the call has returned. After a fault some of the marked
	 * messages may be removed, never an unmarked one. */
	enum fault (*remove)(struct maildrop *m, const uint64_t *marks, bool durable,
			     struct why *why);

	/* Show other programs that the messages of `which` were read. NULL: the kind
	 * has no such flag. */
	void (*mark_seen)(struct maildrop *m, const uint64_t *which);

	/* A reader of the listing has found a damaged record or a wrong size: the next
	 * opening measures every message anew. */
	void (*doubt)(struct maildrop *m);

	/* Release the lock. Of the other calls only `close` may follow. */
	void (*unlock)(struct maildrop *m);

	/* Release the lock, unless `unlock` has, and free *m. */
	void (*close)(struct maildrop *m);
};
