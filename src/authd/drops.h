/* authd/drops.h - poplar-auth's links to the maildrop processes.
 *
 * Prefix: drops_. For many threads. There is one maildrop process for each uid that
 * owns mail. poplard starts it when poplar-auth first asks for it, and poplar-auth asks
 * again when the link to it is lost.
 */
#pragma once

#include <pthread.h>

#include "auth/user/user.h"
#include "ipc/channel.h"

struct drops_one;

struct drops {
	pthread_mutex_t mutex;
	pthread_cond_t changed; /* a link has come or gone, or poplard has answered */
	int parent;             /* channel to poplard */
	unsigned waiters_max;   /* threads that may wait for processes that are late */
	unsigned waiters;       /* threads that do */
	struct drops_one *first;
};

void drops_init(struct drops *drops, int parent);
void drops_done(struct drops *drops); /* closes all links; no thread may use them */

/* poplard's answers: a channel to the process of this uid and gid, which `drops` owns
 * from here on; or there will be no such process; or poplard will start it later,
 * because the process has died several times soon after its start. */
void drops_link(struct drops *drops, const struct message_DROP_LINK *link, int fd);
void drops_refused(struct drops *drops, const struct message_DROP_REFUSED *m);
void drops_late(struct drops *drops, const struct message_DROP_LATE *m);

/* The process of this uid and gid ends as soon as it has served the sessions that it
 * was sent. Its link is closed, so that the next login asks for a new process. */
void drops_leave(struct drops *drops, const struct message_DROP_LEAVES *leaves);

/* Send m, with the descriptor `pass` (the caller keeps it), to the process that owns
 * the user's mail: that of the user's uid and gid, or that of mail-user if the user has
 * no uid of its own. Waits up to five seconds for poplard to start a process.
 * FAULT_SETUP: there can be no such process. FAULT_PEER: none came in time.
 * FAULT_LIMIT: the process does not read what it is sent. FAULT_UNSENDABLE: see
 * channel_send. */
MUST_USE enum fault drops_send(struct drops *drops, const struct user *user,
			       const struct message *m, int pass, struct why *why);
