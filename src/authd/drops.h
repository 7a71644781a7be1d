/* authd/drops.h - the maildrop processes that poplar-auth can reach.
 *
 * Prefix: drops_. For many threads. There is a process for each uid
 * that owns mail. The parent starts it when it is first wanted, and links it anew when
 * it is asked for a process whose link is lost.
 */
#pragma once

#include <pthread.h>

#include "auth/user/user.h"
#include "ipc/channel.h"

struct drops_one;

struct drops {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	int parent;       /* channel to ask for new ones */
	unsigned patient; /* so many threads may wait for processes that are late */
	unsigned waiting;
	struct drops_one *first;
};

void drops_init(struct drops *drops, int parent);
void drops_done(struct drops *drops); /* closes all links; no thread may use them */

/* What the parent said: a channel to the process of this uid and gid, now the drops'
 * own; or that there will be none; or that there will be one later, since it died again
 * and again soon after it was started. */
void drops_link(struct drops *drops, const struct message_DROP_LINK *link, int fd);
void drops_refused(struct drops *drops, const struct message_DROP_REFUSED *m);
void drops_late(struct drops *drops, const struct message_DROP_LATE *m);

/* The process of this uid and gid ends when it has served what it was sent: the next
 * who wants one asks for another. */
void drops_leave(struct drops *drops, const struct message_DROP_LEAVES *leaves);

/* Send m, with the descriptor `pass`, to the process that keeps the user's mail: that
 * of the user's uid and gid, or of mail-user where the users file gives none. Waits a
 * little for a process that has to be started, or started again. FAULT_SETUP: there can
 * be none. FAULT_PEER: none came in time. FAULT_LIMIT: it does not take what it is
 * sent. FAULT_UNSENDABLE: m is over its bounds. */
MUST_USE enum fault drops_send(struct drops *drops, const struct user *user,
			       const struct message *m, int pass, struct why *why);
