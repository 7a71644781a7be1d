/* role/dropd.h - what the files of poplar-drop share.
 *
 * Floor 4 (role). Prefix: dropd_.
 */
#pragma once

#include <stdatomic.h>

#include "role/child.h"
#include "role/holders.h"
#include "store/store.h"
#include "sys/crew.h"

struct dropd {
	struct child child;
	struct crew *crew;
	struct store_locks *locks;
	uint64_t boot;        /* of the machine */
	int root;             /* the mail root */
	int idle;             /* the channel to the parent, to say IDLE on */
	atomic_uint live;     /* links to poplar-auth and sessions */
	atomic_uint sessions; /* ... of them */
	atomic_bool draining; /* end when nothing is live */
	struct holders holders;
	struct crew_post parent;
};

/* A link or a session is over. Ends the process when it was the last, and no more will
 * come. */
void dropd_one_less(struct dropd *d);

/* role/dropsession.c: a session on the socket fd, as m, a GRANT, says. */
void dropd_session_begin(struct dropd *d, const struct message *m, int fd);
