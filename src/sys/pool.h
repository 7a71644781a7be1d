/* sys/pool.h - threads that wait together and work alone.
 *
 * Prefix: pool_.
 *
 * Threads wait on one epoll descriptor. A post is woken in one thread at a time
 * (EPOLLONESHOT): whoever wakes owns it, and what hangs on it, until it watches
 * again. A waking is straight-line code that may block; the most threads that there may
 * be bound how much may block. There is one thread to begin with; whoever goes to work
 * and leaves nobody waiting starts another, and a thread that has waited for some time
 * beside others ends.
 */
#pragma once

#include "base/fault.h"

struct pool;

/* Embedded in what is watched. wake() ends with pool_again, or by closing the
 * descriptor, which ends the watch; then the post may be freed. */
struct pool_fd {
	int fd;
	void (*wake)(struct pool *pool, struct pool_fd *post);
};

/* NULL: no memory or no descriptor. `arg` is for the wakings (pool_arg). */
MUST_USE struct pool *pool_new(void *arg);
void *pool_arg(const struct pool *pool);

/* Start watching; false when the kernel refuses. Any thread may. */
MUST_USE bool pool_watch(struct pool *pool, struct pool_fd *post);
void pool_again(struct pool *pool, struct pool_fd *post);

/* The same, until the peer has read most of what was sent to it, or is gone. */
void pool_when_writable(struct pool *pool, struct pool_fd *post);

/* Call quiet() in the thread of pool_run where no post has woken for `ms` to twice as
 * long, and after each `ms` more. A post may wake meanwhile.
 * Before pool_run. */
void pool_when_quiet(struct pool *pool, unsigned ms, void (*quiet)(struct pool *pool));

/* Work with 1 to `most` threads, the calling one among them, for ever: the process ends
 * by _exit in some waking. A thread that the system refuses is logged; those that there
 * are do its work. */
_Noreturn void pool_run(struct pool *pool, unsigned most);
