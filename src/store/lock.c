/* store/lock.c - one session per maildrop.
 *
 * Prefix: store_lock. The lock is flock(2) on the maildrop's
 * directory: it needs no file, works on a full disk, is seen by all processes, and dies
 * with its owner.
 */
#include "store/lock.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>

#include "store/fault.h"

/* A lock held by another process can't wake us: look again this often. */
enum { LOOK_AGAIN_MS = 20 };

struct store_locks {
	pthread_mutex_t mutex;
	pthread_cond_t released;
	unsigned waiting, waiters, wait_ms;
};

struct store_locks *store_locks_new(unsigned waiters, unsigned wait_ms)
{
	struct store_locks *locks = malloc(sizeof *locks);
	pthread_condattr_t attr;

	if (!locks)
		return NULL;
	*locks = (struct store_locks){ .waiters = waiters, .wait_ms = wait_ms };
	pthread_mutex_init(&locks->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&locks->released, &attr);
	pthread_condattr_destroy(&attr);
	return locks;
}

void store_locks_free(struct store_locks *locks)
{
	if (!locks)
		return;
	pthread_cond_destroy(&locks->released);
	pthread_mutex_destroy(&locks->mutex);
	free(locks);
}

static struct timespec later(struct timespec t, unsigned ms)
{
	t.tv_sec += ms / 1000;
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

static bool before(struct timespec a, struct timespec b)
{
	return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

/* Returns flock's errno, 0 when the lock is ours. */
static int try(const struct store_opening *o, int dir)
{
	const int how = o->use.read_only ? LOCK_SH : LOCK_EX;
	int r;

	do
		r = flock(dir, how | LOCK_NB);
	while (r < 0 && errno == EINTR);
	return r < 0 ? errno : 0;
}

/* A client that hung up and comes back at once is often faster than the end of its old
 * session: wait a little before telling it that someone else is there. Only so many
 * threads may, so that logins to a busy maildrop never hold up the others. */
static int wait_for(const struct store_opening *o, int dir)
{
	struct store_locks *locks = o->process.locks;
	struct timespec now, end;
	int sys = EWOULDBLOCK;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = later(now, locks->wait_ms);
	pthread_mutex_lock(&locks->mutex);
	if (locks->waiting < locks->waiters) {
		locks->waiting++;
		while (sys == EWOULDBLOCK && before(now, end)) {
			struct timespec look = later(now, LOOK_AGAIN_MS);

			pthread_cond_timedwait(&locks->released, &locks->mutex,
					       before(look, end) ? &look : &end);
			sys = try(o, dir);
			clock_gettime(CLOCK_MONOTONIC, &now);
		}
		locks->waiting--;
	}
	pthread_mutex_unlock(&locks->mutex);
	return sys;
}

enum fault store_lock(const struct store_opening *o, int dir, struct why *why)
{
	int sys = try(o, dir);

	if (sys == EWOULDBLOCK)
		sys = wait_for(o, dir);
	if (sys == 0)
		return FAULT_NONE;
	return fault_set(why, sys == EWOULDBLOCK ? FAULT_BUSY : store_fault(sys),
			 sys == EWOULDBLOCK ? 0 : sys, "lock", o->place.path);
}

void store_lock_released(struct store_locks *locks)
{
	pthread_mutex_lock(&locks->mutex);
	if (locks->waiting > 0)
		pthread_cond_broadcast(&locks->released);
	pthread_mutex_unlock(&locks->mutex);
}
