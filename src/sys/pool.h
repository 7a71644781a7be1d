/* sys/pool.h - a pool of threads that share one epoll descriptor.
 *
 * Prefix: pool_.
 *
 * The pool calls wake() of a watched descriptor in one thread at a time (EPOLLONESHOT).
 * That thread owns the descriptor, and the data that belongs to it, until it calls
 * pool_again. wake() may block, so the number of threads limits how many descriptors
 * can be served at a time. The pool begins with one thread. A thread that is woken
 * starts another one if no other thread waits; a thread that has waited for some time
 * while others wait, too, ends.
 */
#pragma once

#include "base/fault.h"

struct pool;

/* A watched descriptor, which its owner embeds. At its end, wake() calls pool_again, or
 * closes the descriptor, which ends the watch; then the struct may be freed. */
struct pool_fd {
	int fd;
	void (*wake)(struct pool *pool, struct pool_fd *post);
};

/* Make a pool. pool_arg returns `arg`, for wake(). NULL: out of memory, or no
 * descriptor is free. */
MUST_USE struct pool *pool_new(void *arg);
void *pool_arg(const struct pool *pool);

/* Begin to watch a descriptor for input. Any thread may call this. False: the kernel
 * refuses. */
MUST_USE bool pool_watch(struct pool *pool, struct pool_fd *post);
/* Watch the descriptor again; for the end of its wake(). */
void pool_again(struct pool *pool, struct pool_fd *post);

/* As pool_again, but wake when the peer has read most of what was sent to it, or has
 * closed its end. */
void pool_when_writable(struct pool *pool, struct pool_fd *post);

/* Have the thread of pool_run call quiet() when no descriptor has woken a thread for
 * `ms` milliseconds, or up to twice as long, and again after each further `ms`.
 * Meanwhile another thread may be woken. Call it before pool_run. */
void pool_when_quiet(struct pool *pool, unsigned ms, void (*quiet)(struct pool *pool));

/* Serve the descriptors with 1 to `most` threads, including the calling one. Does not
 * return: some wake() ends the process by _exit. If the system refuses a new thread,
 * the pool logs that, and goes on with the threads that it has. */
_Noreturn void pool_run(struct pool *pool, unsigned most);
