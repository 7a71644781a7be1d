/* role/drops.c - the maildrop processes that poplar-auth can reach.
 *
 * Floor 4 (role). Prefix: drops_.
 */
#include "role/drops.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/own.h"

/* How long a login waits for a process to come. */
enum { PATIENCE_S = 5, REST_NS = 20000000 };

struct drops_one {
	struct drops_one *next;
	uint32_t uid, gid;
	bool standard; /* mail-user's */
	bool refused;  /* the parent will start none */
	int fd;        /* -1: wanted, not there */
	unsigned news; /* how often it came or left */
};

void drops_init(struct drops *drops, int parent)
{
	pthread_condattr_t attr;

	*drops = (struct drops){ .parent = parent };
	pthread_mutex_init(&drops->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&drops->changed, &attr);
	pthread_condattr_destroy(&attr);
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
		*one = (struct drops_one){
			drops->first, (uint32_t)uid, (uint32_t)gid, false, false, -1, 0
		};
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
		one->refused = false;
		one->news++;
		pthread_cond_broadcast(&drops->changed);
	} else {
		close(fd);
	}
	pthread_mutex_unlock(&drops->mutex);
}

void drops_refused(struct drops *drops, const struct message_DROP_REFUSED *refused)
{
	pthread_mutex_lock(&drops->mutex);
	struct drops_one *one = entry(drops, refused->uid, refused->gid);
	if (one)
		one->refused = true;
	pthread_cond_broadcast(&drops->changed);
	pthread_mutex_unlock(&drops->mutex);
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

static void want(const struct drops *drops, const struct drops_one *one)
{
	const struct message m = { .kind = MESSAGE_DROP_WANTED,
				   .DROP_WANTED = { one->uid, one->gid } };

	fault_ignore(
		channel_send(drops->parent, &m, -1, CHANNEL_NOW)); /* then none comes */
}

/* Why there can be no process for this user; NULL: there can. */
static const char *hopeless(const struct user *user, struct drops_one *one)
{
	if (user->has_uid && !user->has_gid && !one)
		return "find a gid beside the user's uid";
	if (!one || !one->refused)
		return NULL;
	one->refused = false; /* asked again next time: the settings may change */
	return "start a maildrop process for the user's uid";
}

/* Wait for news of processes, or until `end`; false when that has come. */
static bool wait_for_news(struct drops *drops, const struct timespec *end)
{
	return pthread_cond_timedwait(&drops->changed, &drops->mutex, end) == 0;
}

/* Its queue is full: look again in a moment. False: `end` has come. */
static bool rest(struct drops *drops, const struct timespec *end)
{
	struct timespec soon;

	clock_gettime(CLOCK_MONOTONIC, &soon);
	if (soon.tv_sec >= end->tv_sec)
		return false;
	soon.tv_nsec += REST_NS;
	if (soon.tv_nsec >= 1000000000) {
		soon.tv_sec++;
		soon.tv_nsec -= 1000000000;
	}
	pthread_cond_timedwait(&drops->changed, &drops->mutex, &soon);
	return true;
}

/* Sending is done under the mutex, since it never waits: a process that does not take
 * what it is sent is as good as none. */
static enum fault send_or_wait(struct drops *drops, const struct user *user,
			       const struct message *m, int pass, struct why *why)
{
	struct timespec end;
	bool wanted = false;
	unsigned news = 0; /* when it was wanted */

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += PATIENCE_S;
	for (;;) {
		struct drops_one *one = find(drops, user);
		const char *no = hopeless(user, one);

		if (no)
			return fault_set(why, FAULT_SETUP, 0, no, NULL);
		enum fault f = one && one->fd >= 0
				       ? channel_send(one->fd, m, pass, CHANNEL_NOW)
				       : FAULT_PEER;
		if (f == FAULT_NONE)
			return f;
		if (f == FAULT_LIMIT && rest(drops, &end))
			continue;
		if (f == FAULT_LIMIT)
			return fault_set(why, f, 0, "send to the maildrop process",
					 NULL);
		if (one)
			own_fd_close(&one->fd); /* it has died; another will come */
		if (one && !one->standard && (!wanted || news != one->news)) {
			want(drops, one);
			news = one->news;
		}
		wanted = true;
		if (!wait_for_news(drops, &end))
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
