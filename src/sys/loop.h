/* sys/loop.h - one thread that waits for many descriptors and deadlines.
 *
 * Prefix: loop_. For code that never blocks. A descriptor costs one
 * system call for all of its life, as long as what it is watched for stays the same. A
 * deadline costs none.
 */
#pragma once

#include <sys/epoll.h>

#include "base/span.h"

/* What to wait for, and what has come. */
enum {
	LOOP_READ = EPOLLIN,
	LOOP_WRITE = EPOLLOUT,
	LOOP_HANGUP = EPOLLRDHUP, /* the peer says no more */
	LOOP_BROKEN = EPOLLERR,   /* comes without being waited for */
};

/* Embedded in what watches. It is woken as long as what it waits for is the case. */
struct loop_watch {
	int fd;
	unsigned events; /* it waits for; the loop's */
	void (*wake)(struct loop_watch *watch, unsigned events);
	struct loop_watch *next_left; /* the loop's, */
	void *owner;                  /* and this */
};

/* What a watch or a timer is a member of. */
#define LOOP_OWNER(at, type, member) ((type *)((char *)(at)-offsetof(type, member)))

struct loop_timer {
	void (*due)(struct loop_timer *timer);
	uint64_t at;
	uint32_t place; /* the loop's; 0: it is not set */
};

struct loop {
	int epoll;
	bool stopped;
	uint64_t now;
	struct epoll_event come[256];
	int come_count, come_next; /* those that have not been told yet */
	struct loop_watch *left;   /* owners to be freed */
	struct loop_timer **heap;  /* from place 1 on, the soonest first */
	uint32_t timer_count, timer_room;
};

/* False, and errno. */
MUST_USE bool loop_init(struct loop *l);

/* Once: at most so many timers will be set at a time. False: out of memory. */
MUST_USE bool loop_make_room(struct loop *l, uint32_t timers);

/* Milliseconds of a clock that only goes on; the same during one turn. */
static inline uint64_t loop_now(const struct loop *l)
{
	return l->now;
}

/* Wait for these from now on; 0: for nothing. False, and errno: the kernel refuses. */
bool loop_watch(struct loop *l, struct loop_watch *w, unsigned events);

/* The descriptor is about to be closed: w will not be woken again. `owner` is freed at
 * the end of the turn, so that whoever is at work with it may look at it until then.
 * Closing ends the watch only where no other process has the descriptor: elsewhere
 * loop_watch(l, w, 0) comes first. */
void loop_leave(struct loop *l, struct loop_watch *w, void *owner);

/* Set or move a timer, to a loop_now(); it goes off once. */
void loop_set(struct loop *l, struct loop_timer *t, uint64_t at);
void loop_unset(struct loop *l, struct loop_timer *t);
static inline bool loop_is_set(const struct loop_timer *t)
{
	return t->place > 0;
}

/* Until loop_stop. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);
