/* dropd/life.h - the state of poplar-drop, and how long the process lives.
 *
 * Prefix: dropd_.
 */
#pragma once

#include "child/threaded.h"
#include "dropd/lockowners.h"
#include "dropd/warning.h"
#include "store/arrivals.h"
#include "store/store.h"

struct dropd {
	struct threaded threaded; /* first: poplar-drop is a threaded process */
	struct store_locks *locks;
	struct store_arrivals *arrivals; /* NULL: the index is not told of deliveries */
	uint64_t boot;                   /* from store_boot */
	int root;                        /* the folder mail-root */
	int idle;                        /* the channel to poplard, to send IDLE over */
	atomic_uint sessions;            /* sessions, which threaded.live counts, too */
	struct lockowners lockowners;
	struct warning warning; /* for maildrops that become full */
};

/* How to open the maildrop at this path. */
static inline struct store_opening dropd_opening(const struct dropd *d,
						 const char *path)
{
	const struct settings *s = &d->threaded.child.settings;

	return (struct store_opening){
		.place = { STORE_MAILDIR, d->root, path },
		.process = { .locks = d->locks,
			     .boot = d->boot,
			     .downgrade = s->utf8_downgrade,
			     .arrivals = d->arrivals },
		.use = { .makes_home = s->create_home,
			 .index = s->index ? STORE_INDEX_KEEP : STORE_INDEX_IGNORE },
	};
}

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
