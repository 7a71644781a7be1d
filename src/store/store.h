/* store/store.h - maildrops, for those who use them.
 *
 * Prefix: store_. Calls may block. A call that can fail returns FAULT_NONE or a fault,
 * with its story in *why (why may be NULL). Each call asks the kind of store once
 * (store/kind.h). One thread at a time uses a maildrop.
 */
#pragma once

#include "store/kind.h"
#include "store/lock.h"

/* Must succeed once before anything else of the store is used, and before threads and
 * sandboxes: libraries do here what they would otherwise do at first use. */
MUST_USE bool store_start(void);

/* A number for the present boot of the machine, never 0. Opens a file, so that a
 * process calls it before it raises its sandbox. */
uint64_t store_boot(void);

/* Lock the maildrop, remove the messages that are due by the rules, and list the others
 * in the order of their delivery. FAULT_BUSY: another session has the lock.
 * FAULT_TOO_SOON: the rules' login delay is not over. FAULT_SETUP: the maildrop is
 * missing, or is not ours to use. */
MUST_USE enum fault store_open(const struct store_opening *o, struct maildrop **out,
			       struct why *why);

/* Open `count` messages from message `first` on (see store_kind.bodies). */
static inline void store_bodies(struct maildrop *m, uint32_t first, uint32_t count,
				struct store_body out[])
{
	m->kind->bodies(m, first, count, out);
}

/* Open one message. */
static inline enum fault store_body(struct maildrop *m, uint32_t msg,
				    struct store_body *out, struct why *why)
{
	store_bodies(m, msg, 1, out);
	if (why)
		*why = out->why;
	return out->why.fault;
}

/* Remove the messages whose bit is set in marks (bit i: message i + 1) durably, note
 * which of the others were retrieved, and release the lock in any case. A message that
 * someone else has removed counts as removed. marks and retrieved may be NULL: none.
 * *out_left: how many messages are left. After a fault some of the marked messages may
 * be removed, never an unmarked one. */
enum fault store_commit(struct maildrop *m, const uint64_t *marks,
			const uint64_t *retrieved, uint32_t *out_left, struct why *why);

/* A reader of the listing has found a damaged record or a wrong size: the next opening
 * measures every message anew. */
static inline void store_doubt(struct maildrop *m)
{
	m->kind->doubt(m);
}

/* Release the lock and free the maildrop; removes nothing. m may be NULL. */
void store_close(struct maildrop *m);
