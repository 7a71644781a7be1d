/* authd/drops.h - poplar-auth's links to the maildrop processes.
 *
 * Prefix: drops_. Several threads may call these functions at the same time, except for
 * drops_init and drops_done. There is one maildrop process for each uid that owns mail.
 * poplard starts it when poplar-auth first asks for it, and poplar-auth asks again when
 * the link to it is lost.
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
	unsigned waiters;       /* threads that wait for them */
	struct drops_one *first;
};

void drops_init(struct drops *drops, int parent);
void drops_done(struct drops *drops); /* closes all links; no thread may use them */

/* poplard's answers to DROP_WANTED. drops_link: a channel to the process of this uid
 * and gid; `drops` takes over fd. drops_refused: poplard starts no process for this uid
 * and gid. drops_late: poplard will start the process later, because it has died
 * several times soon after its start. */
void drops_link(struct drops *drops, const struct message_DROP_LINK *link, int fd);
void drops_refused(struct drops *drops, const struct message_DROP_REFUSED *m);
void drops_late(struct drops *drops, const struct message_DROP_LATE *m);

/* The process of this uid and gid will end when its present sessions have ended: close
 * the link to it, so that the next login asks for a new process. */
void drops_leave(struct drops *drops, const struct message_DROP_LEAVES *leaves);

/* Send m, with the descriptor `pass` (the caller keeps it), to the process that owns
 * the user's mail: that of the user's uid and gid, or that of mail-user if the user has
 * no uid of its own. Waits up to five seconds for poplard to start the process.
 * FAULT_SETUP: poplard refuses to start such a process. FAULT_PEER: the process did not
 * start in time. FAULT_LIMIT: the process does not read its messages. FAULT_NOMEM and
 * FAULT_UNSENDABLE: see channel_send. */
MUST_USE enum fault drops_send(struct drops *drops, const struct user *user,
			       const struct message *m, int pass, struct why *why);
