/* authd/drops.c - the maildrop processes that poplar-auth can reach.
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
	PATIENCE_MS = 5000, /* a login waits so long for a process to come */
	REST_MS = 2,        /* ... and looks so often whether its queue has room */
};

struct drops_one {
	struct drops_one *next;
	uint32_t uid, gid;
	bool standard;    /* mail-user's */
	unsigned refused; /* how often the parent said that it will start none */
	bool late;        /* ... will not start it at once: it has died too often */
	unsigned waiting; /* threads, while it is late */
	int fd;           /* -1: wanted, not there */
	unsigned news;    /* how often it came or left */
};

void drops_init(struct drops *drops, int parent)
{
	pthread_condattr_t attr;

	*drops = (struct drops){ .parent = parent, .patient = 1 };
	pthread_mutex_init(&drops->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&drops->changed, &attr);
	pthread_condattr_destroy(&attr);
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
		one->news++;
		pthread_cond_broadcast(&drops->changed);
	} else {
		close(fd);
	}
	pthread_mutex_unlock(&drops->mutex);
}

/* What the parent said of a process that is not there. */
static void set_news(struct drops *drops, uint64_t uid, uint64_t gid, bool refused)
{
	pthread_mutex_lock(&drops->mutex);
	struct drops_one *one = entry(drops, uid, gid);
	if (one) {
		one->refused += refused;
		one->late = !refused;
	}
	pthread_cond_broadcast(&drops->changed);
	pthread_mutex_unlock(&drops->mutex);
}

void drops_refused(struct drops *drops, const struct message_DROP_REFUSED *m)
{
	set_news(drops, m->uid, m->gid, true);
}

void drops_late(struct drops *drops, const struct message_DROP_LATE *m)
{
	set_news(drops, m->uid, m->gid, false);
}

void drops_leave(struct drops *drops, const struct message_DROP_LEAVES *leaves)
{
	pthread_mutex_lock(&drops->mutex);
	struct drops_one *one = entry(drops, leaves->uid, leaves->gid);
	if (one) {
		own_fd_close(&one->fd);
		one->news++;
	}
	pthread_cond_broadcast(&drops->changed);
	pthread_mutex_unlock(&drops->mutex);
	log_event(LOG_DEBUG, "drop-leaves", LOG_N("uid", leaves->uid),
		  LOG_N("gid", leaves->gid));
}

/* The user's process; NULL while mail-user's is not known yet. */
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

/* False: the parent is gone, and nobody starts any process. */
static bool want(const struct drops *drops, const struct drops_one *one)
{
	const struct message m = { .kind = MESSAGE_DROP_WANTED,
				   .DROP_WANTED = { one->uid, one->gid } };

	return channel_send(drops->parent, &m, -1, CHANNEL_NOW) == FAULT_NONE;
}

/* Wait for news of processes, or until `end`; false when that has come. A process that
 * is being started comes within milliseconds. For one that is late, as its owner may
 * have ended it again and again, one thread waits, and only a part of all threads for
 * such processes: the others serve the users of other ones. */
static bool wait_for_news(struct drops *drops, struct drops_one *one,
			  const struct timespec *end)
{
	const bool late = one && one->late;

	if (late && (one->waiting > 0 || drops->waiting >= drops->patient))
		return false;
	if (late) {
		one->waiting++;
		drops->waiting++;
	}
	int timeout = pthread_cond_timedwait(&drops->changed, &drops->mutex, end);
	if (late) {
		one->waiting--;
		drops->waiting--;
	}
	return timeout == 0;
}

/* What this login has asked the parent for. */
struct wish {
	bool wanted;
	unsigned news, refused; /* when it was wanted */
};

/* Why there can be no process for this user; NULL: there can. A refusal is for all who
 * wait. Whoever comes later asks again: the settings may have changed. */
static const char *hopeless(const struct user *user, const struct drops_one *one,
			    const struct wish *wish)
{
	if (user->has_uid && !user->has_gid && !one)
		return "find a gid beside the user's uid";
	if (!one || one->fd >= 0 || !wish->wanted || wish->refused == one->refused)
		return NULL;
	return "start a maildrop process for the user's uid";
}

/* The process is not there, or has died since. False: none will come in time. */
static bool wait_for(struct drops *drops, struct drops_one *one, struct wish *wish,
		     const struct timespec *end)
{
	if (one)
		own_fd_close(&one->fd);
	if (one && (!wish->wanted || wish->news != one->news)) {
		if (!want(drops, one))
			return false;
		*wish = (struct wish){ true, one->news, one->refused };
	}
	return wait_for_news(drops, one, end);
}

/* The queue of the process is full. That of mail-user's fills in a storm of logins,
 * which passes; any other user can stop the process of his own, so that nobody waits
 * for it. False: the login is not to wait, or has waited until `end`. */
static bool rest(struct drops *drops, const struct drops_one *one, uint64_t end)
{
	const uint64_t now = clock_ms();

	if (!one->standard || now >= end)
		return false;
	const struct timespec soon = clock_timespec(now + REST_MS);
	pthread_cond_timedwait(&drops->changed, &drops->mutex, &soon);
	return true;
}

/* Sending is done under the mutex, since it never waits. */
static enum fault send_or_wait(struct drops *drops, const struct user *user,
			       const struct message *m, int pass, struct why *why)
{
	const uint64_t end_ms = clock_ms() + PATIENCE_MS;
	const struct timespec end = clock_timespec(end_ms);
	struct wish wish = { 0 };

	for (;;) {
		struct drops_one *one = find(drops, user);
		const char *no = hopeless(user, one, &wish);

		if (no)
			return fault_set(why, FAULT_SETUP, 0, no,
					 one ? "see first-uid" : NULL);
		enum fault f = one && one->fd >= 0
				       ? channel_send(one->fd, m, pass, CHANNEL_NOW)
				       : FAULT_PEER;
		if (f == FAULT_NONE)
			return f;
		if (f == FAULT_LIMIT && rest(drops, one, end_ms))
			continue;
		if (f != FAULT_PEER)
			return fault_set(why, f, 0, "send to the maildrop process",
					 NULL);
		if (!wait_for(drops, one, &wish, &end))
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
