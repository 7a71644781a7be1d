/* role/drops.h - the maildrop processes that poplar-auth can reach.
 *
 * Floor 4 (role). Prefix: drops_. For many threads. There is a process for each uid
 * that owns mail; the parent starts it when it is first wanted.
 */
#pragma once

#include <pthread.h>

#include "auth/user.h"
#include "ipc/channel.h"

struct drops_one;

struct drops {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	int parent; /* channel to ask for new ones */
	struct drops_one *first;
};

void drops_init(struct drops *drops, int parent);

/* What the parent said: a channel to the process of this uid and gid, now the drops'
 * own; or that there will be none. */
void drops_link(struct drops *drops, const struct message_DROP_LINK *link, int fd);
void drops_refused(struct drops *drops, const struct message_DROP_REFUSED *refused);

/* The process of this uid and gid ends when it has served what it was sent: the next
 * who wants one asks for another. */
void drops_leave(struct drops *drops, const struct message_DROP_LEAVES *leaves);

/* Send m, with the descriptor `pass`, to the process that keeps the user's mail: that
 * of the user's uid and gid, or of mail-user where the users file gives none. Waits a
 * little for a process that has to be started, or started again. FAULT_SETUP: there can
 * be none; FAULT_PEER: none came in time. */
MUST_USE enum fault drops_send(struct drops *drops, const struct user *user,
			       const struct message *m, int pass, struct why *why);
