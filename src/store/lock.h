/* store/lock.h - locks a maildrop for one session, or for one delivery.
 *
 * Prefix: store_lock.
 */
#pragma once

#include "store/maildrop.h"

/* Make the struct that all threads of a process share. If a maildrop is locked by
 * another session, a thread waits for up to `wait_ms` milliseconds. At most `waiters`
 * threads wait at a time; others fail at once. NULL: out of memory. */
MUST_USE struct store_locks *store_locks_new(unsigned waiters, unsigned wait_ms);
void store_locks_free(struct store_locks *locks); /* NULL is allowed */

/* Lock the maildrop by its open folder `dir`: exclusively or, with use.read_only,
 * shared with other read-only sessions. The kernel releases the lock when the last copy
 * of the descriptor is closed. FAULT_BUSY: another session still has the lock after the
 * wait. */
MUST_USE enum fault store_lock(const struct store_opening *o, int dir, struct why *why);

/* Take the arrivals lock: lock the open folder `dir`, in which messages arrive,
 * exclusively. It does not exclude sessions. FAULT_BUSY: other deliveries, or another
 * program, have had it for ten seconds. */
MUST_USE enum fault store_lock_arrivals(const struct store_opening *o, int dir,
					struct why *why);

/* Release the arrivals lock; `dir` stays open. */
void store_unlock_arrivals(const struct store_opening *o, int dir);

/* Call this after closing a locked folder: threads that wait for a lock try again at
 * once. */
void store_lock_released(struct store_locks *locks);
