/* sys/loop.h - one thread waits for many descriptors and deadlines.
 *
 * Prefix: loop_. For code that never blocks. A descriptor costs one system call each
 * time that the events it is watched for change. A deadline costs none.
 */
#pragma once

#include <sys/epoll.h>

#include "base/span.h"

/* Events to wait for, and events that have come. */
enum {
	LOOP_READ = EPOLLIN,
	LOOP_WRITE = EPOLLOUT,
	LOOP_HANGUP = EPOLLRDHUP, /* the peer sends no more */
	LOOP_BROKEN = EPOLLERR,   /* an error; comes whether it is waited for or not */
};

/* A watched descriptor, embedded in its owner. wake() is called in each turn in which
 * one of the events holds. */
struct loop_watch {
	int fd;
	unsigned events; /* that it waits for; the loop's */
	void (*wake)(struct loop_watch *watch, unsigned events);
	struct loop_watch *next_left; /* the loop's, */
	void *owner;                  /* and this */
};

/* The struct that a watch or a timer is a member of. */
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

/* Make room for `timers` that are set at the same time. Call it once. False: out of
 * memory. */
MUST_USE bool loop_make_room(struct loop *l, uint32_t timers);

/* Milliseconds of the monotonic clock, the same during one turn. */
static inline uint64_t loop_now(const struct loop *l)
{
	return l->now;
}

/* Wait for these events; 0: for none. False, and errno: the kernel refuses. */
bool loop_watch(struct loop *l, struct loop_watch *w, unsigned events);

/* Wake w no more, because the caller is about to close its descriptor. The loop frees
 * `owner` at the end of the turn, so that functions at work with it may use it until
 * then. If another process may have the descriptor, too, call loop_watch(l, w, 0)
 * first: closing it here does not end the watch then. */
void loop_leave(struct loop *l, struct loop_watch *w, void *owner);

/* Set or move a timer to the time `at` of loop_now(). It goes off once. */
void loop_set(struct loop *l, struct loop_timer *t, uint64_t at);
void loop_unset(struct loop *l, struct loop_timer *t);
static inline bool loop_is_set(const struct loop_timer *t)
{
	return t->place > 0;
}

/* Run until loop_stop. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);
