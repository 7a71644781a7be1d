/* store/lock.h - one session at a time for a maildrop.
 *
 * Prefix: store_lock.
 */
#pragma once

#include "store/maildrop.h"

/* The threads of a process share one struct store_locks. If a lock is taken, a thread
 * waits for up to `wait_ms` milliseconds; at most `waiters` threads wait at a time, and
 * others fail at once. NULL: out of memory. */
MUST_USE struct store_locks *store_locks_new(unsigned waiters, unsigned wait_ms);
void store_locks_free(struct store_locks *locks);

/* Lock the open directory `dir`: for this descriptor alone, or, with use.read_only,
 * shared with other readers. The kernel releases the lock when the last copy of the
 * descriptor is closed. FAULT_BUSY: the lock was still taken after the wait. */
MUST_USE enum fault store_lock(const struct store_opening *o, int dir, struct why *why);

/* Call this after closing a locked directory: threads that wait try again at once. */
void store_lock_released(struct store_locks *locks);
