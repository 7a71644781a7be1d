/* sys/pool.c - a pool of threads that share one epoll descriptor.
 *
 * Prefix: pool_.
 */
#include "sys/pool.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"

/* A thread ends if it has waited for so long while others wait, too. */
enum { REST_MS = 10000 };

struct pool {
	int epoll;
	void *arg;
	unsigned most;       /* the most threads */
	atomic_uint threads; /* threads now */
	atomic_uint waiting; /* ... of them, those that wait for a descriptor */
	atomic_uint woken; /* counts how often a descriptor has woken a thread; wraps */
	atomic_bool is_refused; /* the last attempt to start a thread failed */
	unsigned quiet_ms;      /* see pool_when_quiet; 0: not called */
	void (*quiet)(struct pool *pool);
};

/* One heap for all threads: they allocate little, and the C library opens a file of
 * /proc when it makes a thread's own heap smaller, which no sandbox here allows. */
struct pool *pool_new(void *arg)
{
	struct pool *pool = malloc(sizeof *pool);

	mallopt(M_ARENA_MAX, 1);
	if (!pool)
		return NULL;
	*pool = (struct pool){ .epoll = epoll_create1(EPOLL_CLOEXEC), .arg = arg };
	if (pool->epoll < 0) {
		free(pool);
		return NULL;
	}
	return pool;
}

void *pool_arg(const struct pool *pool)
{
	return pool->arg;
}

static bool watch(struct pool *pool, int op, struct pool_fd *post, uint32_t events)
{
	struct epoll_event ev = { .events = events | EPOLLONESHOT, .data.ptr = post };

	return epoll_ctl(pool->epoll, op, post->fd, &ev) == 0;
}

bool pool_watch(struct pool *pool, struct pool_fd *post)
{
	return watch(pool, EPOLL_CTL_ADD, post, EPOLLIN);
}

void pool_again(struct pool *pool, struct pool_fd *post)
{
	watch(pool, EPOLL_CTL_MOD, post, EPOLLIN);
}

void pool_when_writable(struct pool *pool, struct pool_fd *post)
{
	watch(pool, EPOLL_CTL_MOD, post, EPOLLOUT);
}

static void *work_beside(void *arg);

/* Count one more thread. False: there are as many as there may be. */
static bool count_another(struct pool *pool)
{
	unsigned threads = atomic_load(&pool->threads);

	while (threads < pool->most)
		if (atomic_compare_exchange_weak(&pool->threads, &threads, threads + 1))
			return true;
	return false;
}

static void start_another(struct pool *pool)
{
	pthread_t thread;

	if (!count_another(pool))
		return;
	int error = pthread_create(&thread, NULL, work_beside, pool);
	if (error) {
		atomic_fetch_sub(&pool->threads, 1);
		if (!atomic_exchange(&pool->is_refused, true))
			log_event(LOG_WARNING, "thread-refused",
				  LOG_T("error", strerrordesc_np(error)));
		return;
	}
	pthread_detach(thread);
	atomic_store(&pool->is_refused, false);
}

enum waited { WOKEN, QUIET, QUIET_ALONE };

/* Wait until a watched descriptor has something, and call its wake(). QUIET: no
 * descriptor has woken this thread for `ms` milliseconds. QUIET_ALONE: nor does any
 * other thread wait. */
static enum waited wait_and_work(struct pool *pool, int ms)
{
	struct epoll_event ev;

	atomic_fetch_add(&pool->waiting, 1);
	int n = epoll_wait(pool->epoll, &ev, 1, ms);
	bool alone = atomic_fetch_sub(&pool->waiting, 1) == 1;
	if (n < 0 && errno != EINTR)
		abort(); /* our own epoll descriptor is gone: nothing can go on */
	if (n == 0)
		return alone ? QUIET_ALONE : QUIET;
	if (n < 0)
		return WOKEN;
	if (alone)
		start_another(pool);
	atomic_fetch_add(&pool->woken, 1);
	struct pool_fd *post = ev.data.ptr;
	post->wake(pool, post);
	return WOKEN;
}

/* One thread must always wait. While this thread is about to end, the last one that
 * waits may be woken, and may start no other because this one still counts. So this
 * thread goes on if no thread waits. */
static void *work_beside(void *arg)
{
	struct pool *pool = arg;

	do {
		while (wait_and_work(pool, REST_MS) != QUIET)
			;
		atomic_fetch_sub(&pool->threads, 1);
	} while (atomic_load(&pool->waiting) == 0 && count_another(pool));
	return NULL;
}

void pool_when_quiet(struct pool *pool, unsigned ms, void (*quiet)(struct pool *pool))
{
	pool->quiet_ms = ms;
	pool->quiet = quiet;
}

_Noreturn void pool_run(struct pool *pool, unsigned most)
{
	const int ms = pool->quiet_ms > 0 ? (int)pool->quiet_ms : -1;
	unsigned woken = 0;

	pool->most = most;
	atomic_store(&pool->threads, 1);
	for (;;) {
		bool is_quiet = wait_and_work(pool, ms) != WOKEN;
		unsigned before = woken;

		woken = atomic_load(&pool->woken);
		if (is_quiet && woken == before)
			pool->quiet(pool);
	}
}
