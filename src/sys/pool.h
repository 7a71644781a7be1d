/* sys/pool.h - a pool of threads that share one epoll descriptor.
 *
 * Prefix: pool_.
 *
 * The pool calls wake() of a post in one thread at a time (EPOLLONESHOT). That thread
 * owns the post, and the data that belongs to it, until it watches the post again.
 * wake() may block; so the maximum of threads limits how many can block. The pool
 * begins with one thread. A thread that goes to work starts another one if no thread is
 * left waiting; a thread that has waited for some time beside others ends.
 */
#pragma once

#include "base/fault.h"

struct pool;

/* A post: a watched descriptor, embedded in its owner. wake() ends with pool_again, or
 * by closing the descriptor, which ends the watch; then the post may be freed. */
struct pool_fd {
	int fd;
	void (*wake)(struct pool *pool, struct pool_fd *post);
};

/* NULL: no memory or no descriptor. wake() gets `arg` by pool_arg. */
MUST_USE struct pool *pool_new(void *arg);
void *pool_arg(const struct pool *pool);

/* Start to watch a post, from any thread. False: the kernel refuses. */
MUST_USE bool pool_watch(struct pool *pool, struct pool_fd *post);
/* Watch a post again, at the end of its wake(). */
void pool_again(struct pool *pool, struct pool_fd *post);

/* As pool_again, but wake when the peer has read most of its input, or is gone. */
void pool_when_writable(struct pool *pool, struct pool_fd *post);

/* Call quiet() in the thread of pool_run where no post has woken for `ms` to twice as
 * long, and after each `ms` more. A post may wake meanwhile.
 * Before pool_run. */
void pool_when_quiet(struct pool *pool, unsigned ms, void (*quiet)(struct pool *pool));

/* Work with 1 to `most` threads, the calling one among them, for ever: the process ends
 * by _exit in some wake(). If the system refuses a new thread, the pool logs that, and
 * goes on with the others. */
_Noreturn void pool_run(struct pool *pool, unsigned most);
