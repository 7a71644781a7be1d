/* sys/crew.h - threads that wait together and work alone.
 *
 * Prefix: crew_.
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

struct crew;

/* Embedded in what is watched. wake() ends with crew_again, or by closing the
 * descriptor, which ends the watch; then the post may be freed. */
struct crew_post {
	int fd;
	void (*wake)(struct crew *crew, struct crew_post *post);
};

/* NULL: no memory or no descriptor. `arg` is for the wakings (crew_arg). */
MUST_USE struct crew *crew_new(void *arg);
void *crew_arg(const struct crew *crew);

/* Start watching; false when the kernel refuses. Any thread may. */
MUST_USE bool crew_join(struct crew *crew, struct crew_post *post);
void crew_again(struct crew *crew, struct crew_post *post);

/* The same, until the peer has read most of what was sent to it, or is gone. */
void crew_when_writable(struct crew *crew, struct crew_post *post);

/* Call quiet() in the thread of crew_run where no post has woken for `ms` to twice as
 * long, and after each `ms` more. A post may wake meanwhile.
 * Before crew_run. */
void crew_when_quiet(struct crew *crew, unsigned ms, void (*quiet)(struct crew *crew));

/* Work with 1 to `most` threads, the calling one among them, for ever: the process ends
 * by _exit in some waking. A thread that the system refuses is logged; those that there
 * are do its work. */
_Noreturn void crew_run(struct crew *crew, unsigned most);
