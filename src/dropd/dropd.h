/* dropd/dropd.h - what the files of poplar-drop share.
 *
 * Prefix: dropd_.
 */
#pragma once

#include <stdatomic.h>

#include "child/child.h"
#include "dropd/lockowners.h"
#include "store/store.h"
#include "sys/pool.h"

struct dropd {
	struct child child;
	struct pool *pool;
	struct store_locks *locks;
	uint64_t boot;        /* of the machine */
	int root;             /* the mail root */
	int idle;             /* the channel to the parent, to say IDLE on */
	atomic_uint live;     /* links to poplar-auth and sessions */
	atomic_uint sessions; /* ... of them */
	atomic_bool draining; /* end when nothing is live */
	struct lockowners lockowners;
	struct pool_fd parent;
};

/* A session is over. Ends the process when nothing else lives, and no more will come.
 */
void dropd_session_less(struct dropd *d);

/* dropd/session.c: a session on the socket fd, as m, a GRANT, says. It is counted as
 * living already, and calls dropd_session_less at its end. */
void dropd_session_begin(struct dropd *d, const struct message *m, int fd);
