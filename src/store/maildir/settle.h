/* store/maildir/settle.h - appends the messages that this process has delivered to a
 * Maildir to the index.
 *
 * Prefix: settle_. arrivals.c calls it, one thread at a time, and tells it by
 * `appeared` and `lost` what inotify has reported. doc/STORE.md, "Deliveries", has the
 * proof.
 */
#pragma once

#include "store/maildir/join.h"

struct settling;

/* One delivery. It is freed when it has ended and belongs to no Maildir any more. */
struct arrival {
	struct arrival *next;
	struct store_arrivals *arrivals;
	struct settling *of; /* NULL: its record is in the index, or never will be */
	bool appeared;       /* inotify has reported the file in new */
	bool ended;          /* the deliverer has called arrivals_end */
	struct scan_file file;
	char name[LISTING_NAME_OCTETS];
};

/* A Maildir that gets mail. Each of its messages is in `known`, because it was there
 * when the watch began or has been appended since, or in `pending`. */
struct settling {
	struct settling *next;
	int watch;       /* the number of the inotify watch on new */
	int dir, folder; /* the Maildir, and new */
	uint64_t device; /* of new */
	struct store_process process;
	struct index known; /* the index, closed (fd -1): its head, map and sum */
	char last[LISTING_NAME_OCTETS]; /* name of the last message; "": no message */
	struct arrival *pending;        /* in the order in which they began */
	uint32_t count;                 /* ... so many */
	uint64_t due_ms;                /* when to settle; UINT64_MAX: no reason yet */
	bool lost; /* somebody else has changed the Maildir, or may have */
};

enum settle_outcome {
	SETTLE_DONE,
	SETTLE_LATER, /* the last change was too short a time ago */
	SETTLE_LOST,  /* never: see settling.lost */
};

/* Begin with the open Maildir `dir`, whose folder new has the stat *st. NULL: its index
 * does not have all messages, or cannot be brought up to date. The caller then adds the
 * watch, and must ask settle_is_known after that. */
struct settling *settle_new(const struct store_opening *o, int dir,
			    const struct stat *st);

/* Close and free it; arrivals that have not ended live on. */
void settle_free(struct settling *x);

/* Is the Maildir still as the index says? */
MUST_USE bool settle_is_known(const struct settling *x);

/* Have inotify report each earlier change of new before this call returns. False: new
 * is another folder by now, or cur has changed. */
MUST_USE bool settle_barrier(const struct settling *x);

/* How to bring the index up to date. */
struct settle_way {
	/* The index becomes quiescent. Otherwise only records are appended, so that
	 * `pending` does not grow; the index becomes stale. */
	bool quiescent;
	struct scan_stamp stamp; /* of new; set by settle_begin */
	uint32_t pause_ms; /* until the next attempt, if SETTLE_LATER; set by it, too */
	struct index_writer w;
};

/* First half: lock the index, get the time stamp, and pass the barrier. The caller then
 * reads what inotify reports, calls settle_write, unless that shows that the Maildir is
 * lost, and settle_end in any case. */
MUST_USE enum settle_outcome settle_begin(struct settling *x, struct settle_way *way);
MUST_USE enum settle_outcome settle_write(struct settling *x, struct settle_way *way);
void settle_end(struct settle_way *way);
