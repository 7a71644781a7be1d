/* dropd/life.h - the state of poplar-drop, and how long the process lives.
 *
 * Prefix: dropd_.
 */
#pragma once

#include "child/threaded.h"
#include "dropd/lockowners.h"
#include "store/store.h"

struct dropd {
	struct threaded threaded; /* first: poplar-drop is a threaded process */
	struct store_locks *locks;
	uint64_t boot;        /* from store_boot */
	int root;             /* the folder mail-root */
	int idle;             /* the channel to poplard, to send IDLE over */
	atomic_uint sessions; /* sessions, which threaded.live counts, too */
	struct lockowners lockowners;
};

/* A session begins, or has ended. When poplar-drop drains, the end of the last session
 * ends the process. */
static inline void dropd_session_more(struct dropd *d)
{
	atomic_fetch_add(&d->sessions, 1);
	threaded_more(&d->threaded);
}

static inline void dropd_session_less(struct dropd *d)
{
	atomic_fetch_sub(&d->sessions, 1);
	threaded_less(&d->threaded);
}
