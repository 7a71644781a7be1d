/* sys/crew.h - threads that wait together and work alone.
 *
 * Floor 1 (sys). Prefix: crew_.
 *
 * T threads wait on one epoll descriptor. A post is woken in one thread at a time
 * (EPOLLONESHOT): whoever wakes owns it, and what hangs on it, until it watches
 * again. A waking is straight-line code that may block; T bounds how much may block.
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

/* Work with `threads` threads, the calling one among them. Does not return; the process
 * ends by _exit in some waking. FAULT_NOMEM when a thread can't be started. */
enum fault crew_run(struct crew *crew, unsigned threads);
