/* sys/crew.c - threads that wait together and work alone.
 *
 * Prefix: crew_.
 */
#include "sys/crew.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"

/* A thread that waits for so long, beside others that do, ends. */
enum { REST_MS = 10000 };

struct crew {
	int epoll;
	void *arg;
	unsigned most;          /* threads that there may be */
	atomic_uint threads;    /* ... that there are */
	atomic_uint waiting;    /* ... of them, for a post that wakes */
	atomic_uint woken;      /* posts, ever; goes round */
	atomic_bool is_refused; /* the last thread that was to be started */
	unsigned quiet_ms;      /* 0: nobody wants to know */
	void (*quiet)(struct crew *crew);
};

/* One heap for all threads: they allocate little, and the C library opens a file of
 * /proc when it makes a thread's own heap smaller, which no sandbox here allows. */
struct crew *crew_new(void *arg)
{
	struct crew *crew = malloc(sizeof *crew);

	mallopt(M_ARENA_MAX, 1);
	if (!crew)
		return NULL;
	*crew = (struct crew){ .epoll = epoll_create1(EPOLL_CLOEXEC), .arg = arg };
	if (crew->epoll < 0) {
		free(crew);
		return NULL;
	}
	return crew;
}

void *crew_arg(const struct crew *crew)
{
	return crew->arg;
}

static bool watch(struct crew *crew, int op, struct crew_post *post, uint32_t events)
{
	struct epoll_event ev = { .events = events | EPOLLONESHOT, .data.ptr = post };

	return epoll_ctl(crew->epoll, op, post->fd, &ev) == 0;
}

bool crew_join(struct crew *crew, struct crew_post *post)
{
	return watch(crew, EPOLL_CTL_ADD, post, EPOLLIN);
}

void crew_again(struct crew *crew, struct crew_post *post)
{
	watch(crew, EPOLL_CTL_MOD, post, EPOLLIN);
}

void crew_when_writable(struct crew *crew, struct crew_post *post)
{
	watch(crew, EPOLL_CTL_MOD, post, EPOLLOUT);
}

static void *work_beside(void *arg);

/* One more, if there may be. */
static bool count_another(struct crew *crew)
{
	unsigned threads = atomic_load(&crew->threads);

	while (threads < crew->most)
		if (atomic_compare_exchange_weak(&crew->threads, &threads, threads + 1))
			return true;
	return false;
}

static void start_another(struct crew *crew)
{
	pthread_t thread;

	if (!count_another(crew))
		return;
	int error = pthread_create(&thread, NULL, work_beside, crew);
	if (error) {
		atomic_fetch_sub(&crew->threads, 1);
		if (!atomic_exchange(&crew->is_refused, true))
			log_event(LOG_WARNING, "thread-refused",
				  LOG_T("error", strerrordesc_np(error)));
		return;
	}
	pthread_detach(thread);
	atomic_store(&crew->is_refused, false);
}

enum waited { WOKEN, QUIET, QUIET_ALONE };

/* Wait for a post and work for it. QUIET: none has come for `ms`; QUIET_ALONE: and no
 * other thread waits. */
static enum waited wait_and_work(struct crew *crew, int ms)
{
	struct epoll_event ev;

	atomic_fetch_add(&crew->waiting, 1);
	int n = epoll_wait(crew->epoll, &ev, 1, ms);
	bool alone = atomic_fetch_sub(&crew->waiting, 1) == 1;
	if (n < 0 && errno != EINTR)
		abort(); /* our own epoll descriptor is gone: nothing can go on */
	if (n == 0)
		return alone ? QUIET_ALONE : QUIET;
	if (n < 0)
		return WOKEN;
	if (alone)
		start_another(crew);
	atomic_fetch_add(&crew->woken, 1);
	struct crew_post *post = ev.data.ptr;
	post->wake(crew, post);
	return WOKEN;
}

/* A thread that ends while the last that waited goes to work, which has found as many
 * threads as there may be, stays. */
static void *work_beside(void *arg)
{
	struct crew *crew = arg;

	do {
		while (wait_and_work(crew, REST_MS) != QUIET)
			;
		atomic_fetch_sub(&crew->threads, 1);
	} while (atomic_load(&crew->waiting) == 0 && count_another(crew));
	return NULL;
}

void crew_when_quiet(struct crew *crew, unsigned ms, void (*quiet)(struct crew *crew))
{
	crew->quiet_ms = ms;
	crew->quiet = quiet;
}

_Noreturn void crew_run(struct crew *crew, unsigned most)
{
	const int ms = crew->quiet_ms > 0 ? (int)crew->quiet_ms : -1;
	unsigned woken = 0;

	crew->most = most;
	atomic_store(&crew->threads, 1);
	for (;;) {
		bool is_quiet = wait_and_work(crew, ms) != WOKEN;
		unsigned before = woken;

		woken = atomic_load(&crew->woken);
		if (is_quiet && woken == before)
			crew->quiet(crew);
	}
}
