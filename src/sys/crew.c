/* sys/crew.c - threads that wait together and work alone.
 *
 * Floor 1 (sys). Prefix: crew_.
 */
#include "sys/crew.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

struct crew {
	int epoll;
	void *arg;
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

static bool watch(struct crew *crew, int op, struct crew_post *post)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLONESHOT, .data.ptr = post };

	return epoll_ctl(crew->epoll, op, post->fd, &ev) == 0;
}

bool crew_join(struct crew *crew, struct crew_post *post)
{
	return watch(crew, EPOLL_CTL_ADD, post);
}

void crew_again(struct crew *crew, struct crew_post *post)
{
	watch(crew, EPOLL_CTL_MOD, post);
}

static void *work(void *arg)
{
	struct crew *crew = arg;

	for (;;) {
		struct epoll_event ev;
		int n = epoll_wait(crew->epoll, &ev, 1, -1);

		if (n == 1) {
			struct crew_post *post = ev.data.ptr;

			post->wake(crew, post);
		} else if (n < 0 && errno != EINTR) {
			abort(); /* our own epoll descriptor is gone: nothing can go on
				  */
		}
	}
	return NULL;
}

enum fault crew_run(struct crew *crew, unsigned threads)
{
	for (unsigned i = 1; i < threads; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, work, crew) != 0)
			return FAULT_NOMEM;
		pthread_detach(thread);
	}
	work(crew);
	return FAULT_NONE;
}
