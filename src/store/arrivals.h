/* store/arrivals.h - has the index know the messages that this process delivers.
 *
 * Prefix: store_arrivals_. A delivery changes a folder, so that the next session would
 * have to read it. Instead, a little after the last delivery to a maildrop, the records
 * of its new messages are appended to the index, and the index gets the new time stamps
 * of the folders: the deliveries are settled. If anybody else has changed the maildrop
 * meanwhile, or if there may have been a change that was not seen, nothing is written,
 * and the next session reads the folders. doc/STORE.md, "Deliveries", has the proof.
 */
#pragma once

#include "store/maildrop.h"

/* Make the struct that all threads of a process share; any thread may use it. It opens
 * an inotify instance, so call this before the process enters its sandbox. NULL: out of
 * memory, or the user has too many instances. A store_process without it delivers as
 * well; only the index is not brought up to date. */
MUST_USE struct store_arrivals *store_arrivals_new(void);

/* Free it; deliveries that are not settled stay so. No delivery may be under way, and
 * no thread in store_arrivals_run. NULL is allowed. */
void store_arrivals_free(struct store_arrivals *a);

/* Settle what is due, and wait for more. Never returns: it is the work of a thread. */
void store_arrivals_run(struct store_arrivals *a);

/* Settle what is due, and do not wait. Returns when (clock_ms) to call it again;
 * UINT64_MAX: nothing is due before another delivery ends. */
uint64_t store_arrivals_settle(struct store_arrivals *a);
