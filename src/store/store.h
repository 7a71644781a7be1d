/* store/store.h - the interface of the store: opens, reads and commits maildrops.
 *
 * Prefix: store_. Calls may block. A call that can fail returns FAULT_NONE, or a fault
 * with its story in *why (why may be NULL). Only one thread at a time may use a
 * maildrop; several threads may use different ones.
 */
#pragma once

#include "store/kind.h"
#include "store/lock.h"

/* Call this once and with success before any other function of the store, before
 * threads start, and before the process enters its sandbox: it has the libraries do
 * what they would otherwise do at first use. */
MUST_USE bool store_start(void);

/* A number for the present boot of the machine, never 0. Call it before the process
 * enters its sandbox, since it opens a file. */
uint64_t store_boot(void);

/* Lock the maildrop, remove the messages that are due by the rules, and list the others
 * in the order of their delivery. The caller passes *out to store_close; *out is
 * written on success only. FAULT_BUSY:
 * another session has the lock. FAULT_TOO_SOON: the rules' login delay is not over.
 * FAULT_SETUP: the maildrop is missing, or is not ours to use. */
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

/* Remove the marked messages (bit i: message i + 1) durably, note the retrieval of the
 * others in `retrieved`, and release the lock, also after a fault. A message that
 * another program has removed counts as removed. `marks` or `retrieved` may be NULL: no
 * message. *out_left becomes the number of messages that are left. After a fault
 * *out_left is untouched, and some of the marked messages may be removed, but never an
 * unmarked one. The caller still passes m to store_close. */
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
