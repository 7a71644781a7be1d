/* dropd/life.h - what poplar-drop has, and how long it lives.
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
	uint64_t boot;        /* the machine's boot, from store_boot */
	int root;             /* the mail root */
	int idle;             /* the channel to poplard, to say IDLE on */
	atomic_uint sessions; /* among what counts as live */
	struct lockowners lockowners;
};

/* A session begins, or has ended. The end of the last may end the process. */
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
