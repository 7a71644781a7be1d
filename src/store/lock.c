/* store/lock.c - locks a maildrop for one session, or for one delivery.
 *
 * Prefix: store_lock. The lock is flock(2) on the maildrop's directory: it needs no
 * file, works on a full disk, excludes other processes, and ends with the process that
 * has it.
 */
#include "store/lock.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/file.h>

#include "store/fault.h"
#include "sys/clock.h"

/* The release of a lock by another process does not wake us: try again this often. */
enum { LOOK_AGAIN_MS = 20 };

/* Deliveries wait for each other, but not for ever: the Maildir's owner can take the
 * lock, too. */
enum { ARRIVALS_WAIT_MS = 10000 };

struct store_locks {
	pthread_mutex_t mutex;
	pthread_cond_t released;
	unsigned waiting, waiters, wait_ms; /* sessions */
	unsigned arriving;                  /* deliveries that wait */
};

struct store_locks *store_locks_new(unsigned waiters, unsigned wait_ms)
{
	struct store_locks *locks = malloc(sizeof *locks);

	if (!locks)
		return NULL;
	*locks = (struct store_locks){ .waiters = waiters, .wait_ms = wait_ms };
	pthread_mutex_init(&locks->mutex, NULL);
	clock_cond_init(&locks->released);
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

/* Try to lock. Returns 0 if the lock is ours, otherwise errno of flock(2). */
static int try(int dir, int how)
{
	int r;

	do
		r = flock(dir, how | LOCK_NB);
	while (r < 0 && errno == EINTR);
	return r < 0 ? errno : 0;
}

/* Try again and again, for up to wait_ms. The caller has the mutex. */
static int try_until(struct store_locks *locks, int dir, int how, unsigned wait_ms)
{
	uint64_t now = clock_ms();
	const uint64_t end = now + wait_ms;
	int sys = EWOULDBLOCK;

	while (sys == EWOULDBLOCK && now < end) {
		const uint64_t look = now + LOOK_AGAIN_MS;

		clock_cond_wait(&locks->released, &locks->mutex,
				look < end ? look : end);
		sys = try(dir, how);
		now = clock_ms();
	}
	return sys;
}

/* A client that hung up and logs in again at once is often faster than the end of its
 * old session, so wait a little before the login fails. At most `waiters` threads wait
 * at a time, so that logins to a busy maildrop never hold up all other logins. */
static int wait_for(struct store_locks *locks, int dir, int how)
{
	int sys = EWOULDBLOCK;

	pthread_mutex_lock(&locks->mutex);
	if (locks->waiting < locks->waiters) {
		locks->waiting++;
		sys = try_until(locks, dir, how, locks->wait_ms);
		locks->waiting--;
	}
	pthread_mutex_unlock(&locks->mutex);
	return sys;
}

/* A delivery has the lock for a short time only, so all others may wait for it. */
static int wait_for_arrivals(struct store_locks *locks, int dir)
{
	pthread_mutex_lock(&locks->mutex);
	locks->arriving++;
	const int sys = try_until(locks, dir, LOCK_EX, ARRIVALS_WAIT_MS);
	locks->arriving--;
	pthread_mutex_unlock(&locks->mutex);
	return sys;
}

static enum fault outcome(int sys, const struct store_opening *o, struct why *why)
{
	if (sys == 0)
		return FAULT_NONE;
	return fault_set(why, sys == EWOULDBLOCK ? FAULT_BUSY : store_fault(sys),
			 sys == EWOULDBLOCK ? 0 : sys, "lock", o->place.path);
}

enum fault store_lock(const struct store_opening *o, int dir, struct why *why)
{
	const int how = o->use.read_only ? LOCK_SH : LOCK_EX;
	int sys = try(dir, how);

	if (sys == EWOULDBLOCK)
		sys = wait_for(o->process.locks, dir, how);
	return outcome(sys, o, why);
}

enum fault store_lock_arrivals(const struct store_opening *o, int dir, struct why *why)
{
	int sys = try(dir, LOCK_EX);

	if (sys == EWOULDBLOCK)
		sys = wait_for_arrivals(o->process.locks, dir);
	return outcome(sys, o, why);
}

void store_unlock_arrivals(const struct store_opening *o, int dir)
{
	flock(dir, LOCK_UN);
	store_lock_released(o->process.locks);
}

void store_lock_released(struct store_locks *locks)
{
	pthread_mutex_lock(&locks->mutex);
	if (locks->waiting + locks->arriving > 0)
		pthread_cond_broadcast(&locks->released);
	pthread_mutex_unlock(&locks->mutex);
}
