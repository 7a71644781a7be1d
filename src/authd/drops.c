/* authd/drops.c - poplar-auth's links to the maildrop processes.
 *
 * Prefix: drops_.
 */
#include "authd/drops.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "sys/clock.h"

enum {
	TIMEOUT_MS = 5000, /* how long a login waits for a process */
	RETRY_MS = 2,      /* how often it tries a process whose queue is full */
};

struct drops_one {
	struct drops_one *next;
	uint32_t uid, gid;
	bool standard;     /* it is mail-user's */
	unsigned refusals; /* how often poplard has refused to start it */
	bool late;         /* poplard starts it later, since it has died too often */
	unsigned waiters;  /* threads that wait for it while it is late */
	int fd;            /* -1: there is no link */
	unsigned changes;  /* how often a link has come or gone */
};

void drops_init(struct drops *drops, int parent)
{
	*drops = (struct drops){ .parent = parent, .waiters_max = 1 };
	pthread_mutex_init(&drops->mutex, NULL);
	clock_cond_init(&drops->changed);
}

void drops_done(struct drops *drops)
{
	while (drops->first) {
		struct drops_one *one = drops->first;

		drops->first = one->next;
		own_fd_close(&one->fd);
		free(one);
	}
	pthread_cond_destroy(&drops->changed);
	pthread_mutex_destroy(&drops->mutex);
}

/* The entry for uid and gid, made when there is none; NULL: out of memory. */
static struct drops_one *entry(struct drops *drops, uint64_t uid, uint64_t gid)
{
	struct drops_one *one = drops->first;

	while (one && (one->uid != uid || one->gid != gid))
		one = one->next;
	if (one)
		return one;
	one = malloc(sizeof *one);
	if (one) {
		*one = (struct drops_one){ .next = drops->first,
					   .uid = (uint32_t)uid,
					   .gid = (uint32_t)gid,
					   .fd = -1 };
		drops->first = one;
	}
	return one;
}

void drops_link(struct drops *drops, const struct message_DROP_LINK *link, int fd)
{
	pthread_mutex_lock(&drops->mutex);
	struct drops_one *one = entry(drops, link->uid, link->gid);
	if (one) {
		own_fd_close(&one->fd);
		one->fd = fd;
		one->standard = link->standard;
		one->late = false;
		one->changes++;
		pthread_cond_broadcast(&drops->changed);
	} else {
		close(fd);
	}
	pthread_mutex_unlock(&drops->mutex);
}

/* poplard has answered that the process is not started: never, or not at once. */
static void set_absent(struct drops *drops, uint64_t uid, uint64_t gid, bool refused)
{
	pthread_mutex_lock(&drops->mutex);
	struct drops_one *one = entry(drops, uid, gid);
	if (one) {
		one->refusals += refused;
		one->late = !refused;
	}
	pthread_cond_broadcast(&drops->changed);
	pthread_mutex_unlock(&drops->mutex);
}

void drops_refused(struct drops *drops, const struct message_DROP_REFUSED *m)
{
	set_absent(drops, m->uid, m->gid, true);
}

void drops_late(struct drops *drops, const struct message_DROP_LATE *m)
{
	set_absent(drops, m->uid, m->gid, false);
}

void drops_leave(struct drops *drops, const struct message_DROP_LEAVES *leaves)
{
	pthread_mutex_lock(&drops->mutex);
	struct drops_one *one = entry(drops, leaves->uid, leaves->gid);
	if (one) {
		own_fd_close(&one->fd);
		one->changes++;
	}
	pthread_cond_broadcast(&drops->changed);
	pthread_mutex_unlock(&drops->mutex);
	log_event(LOG_DEBUG, "drop-leaves", LOG_N("uid", leaves->uid),
		  LOG_N("gid", leaves->gid));
}

/* The process of the user's mail. NULL: the first link to mail-user's process has yet
 * to come, or the user has a uid of its own but no gid. */
static struct drops_one *find(struct drops *drops, const struct user *user)
{
	struct drops_one *standard = drops->first;

	while (standard && !standard->standard)
		standard = standard->next;
	if (!user->has_uid)
		return standard;
	if (standard && user->uid == standard->uid &&
	    (!user->has_gid || user->gid == standard->gid))
		return standard;
	return user->has_gid ? entry(drops, user->uid, user->gid) : NULL;
}

/* Ask poplard for the process. False: poplard is gone. */
static bool want(const struct drops *drops, const struct drops_one *one)
{
	const struct message m = { .kind = MESSAGE_DROP_WANTED,
				   .DROP_WANTED = { one->uid, one->gid } };

	return channel_send(drops->parent, &m, -1, CHANNEL_NOW) == FAULT_NONE;
}

/* Wait for a change. False: the time `end_ms` has come, or this thread may not wait. A
 * process that poplard starts at once comes within milliseconds. A process can be late
 * because its owner kills it again and again: one thread waits for such a process, and
 * at most waiters_max for all of them, so that the other threads serve other users. */
static bool wait_for_change(struct drops *drops, struct drops_one *one, uint64_t end_ms)
{
	const bool late = one && one->late;

	if (late && (one->waiters > 0 || drops->waiters >= drops->waiters_max))
		return false;
	if (late) {
		one->waiters++;
		drops->waiters++;
	}
	const bool changed = clock_cond_wait(&drops->changed, &drops->mutex, end_ms);
	if (late) {
		one->waiters--;
		drops->waiters--;
	}
	return changed;
}

/* What this login has asked poplard for. */
struct request {
	bool made;
	unsigned changes, refusals; /* of the process, when the request was made */
};

/* Why there can be no process for this user; NULL: there can be one. A refusal counts
 * for all logins that wait. A later login asks poplard again, since the settings may
 * have changed. */
static const char *hopeless(const struct user *user, const struct drops_one *one,
			    const struct request *r)
{
	if (user->has_uid && !user->has_gid && !one)
		return "find a gid beside the user's uid";
	if (!one || one->fd >= 0 || !r->made || r->refusals == one->refusals)
		return NULL;
	return "start a maildrop process for the user's uid";
}

/* Wait for a process without a link, or whose link turned out to be lost. False: none
 * comes in time. */
static bool wait_for(struct drops *drops, struct drops_one *one, struct request *r,
		     uint64_t end_ms)
{
	if (one)
		own_fd_close(&one->fd);
	if (one && (!r->made || r->changes != one->changes)) {
		if (!want(drops, one))
			return false;
		*r = (struct request){ true, one->changes, one->refusals };
	}
	return wait_for_change(drops, one, end_ms);
}

/* The queue of the process is full: wait a little. False: do not try again. The queue
 * of mail-user's process is full for a moment when many users log in at once. The
 * process of another uid may be stopped by its owner, so that no login waits for it. */
static bool wait_for_room(struct drops *drops, const struct drops_one *one,
			  uint64_t end_ms)
{
	const uint64_t now = clock_ms();

	if (!one->standard || now >= end_ms)
		return false;
	(void)clock_cond_wait(&drops->changed, &drops->mutex, now + RETRY_MS);
	return true;
}

/* The mutex is held while sending, because CHANNEL_NOW never waits. */
static enum fault send_or_wait(struct drops *drops, const struct user *user,
			       const struct message *m, int pass, struct why *why)
{
	const uint64_t end_ms = clock_ms() + TIMEOUT_MS;
	struct request request = { 0 };

	for (;;) {
		struct drops_one *one = find(drops, user);
		const char *no = hopeless(user, one, &request);

		if (no)
			return fault_set(why, FAULT_SETUP, 0, no,
					 one ? "see first-uid" : NULL);
		enum fault f = one && one->fd >= 0
				       ? channel_send(one->fd, m, pass, CHANNEL_NOW)
				       : FAULT_PEER;
		if (f == FAULT_NONE)
			return f;
		if ((f == FAULT_LIMIT || f == FAULT_NOMEM) &&
		    wait_for_room(drops, one, end_ms))
			continue;
		if (f != FAULT_PEER)
			return fault_set(why, f, 0, "send to the maildrop process",
					 NULL);
		if (!wait_for(drops, one, &request, end_ms))
			return fault_set(why, f, 0, "wait for a maildrop process",
					 NULL);
	}
}

enum fault drops_send(struct drops *drops, const struct user *user,
		      const struct message *m, int pass, struct why *why)
{
	pthread_mutex_lock(&drops->mutex);
	enum fault f = send_or_wait(drops, user, m, pass, why);
	pthread_mutex_unlock(&drops->mutex);
	return f;
}
