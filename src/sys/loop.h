/* sys/loop.h - waits in one thread for many descriptors and timers.
 *
 * Prefix: loop_. For code that never blocks; all calls for a loop come from one thread.
 * Each change of the events that a descriptor is watched for costs one system call.
 * Setting a timer costs none.
 */
#pragma once

#include <sys/epoll.h>

#include "base/span.h"

/* Events to wait for, and events that have come. */
enum {
	LOOP_READ = EPOLLIN,
	LOOP_WRITE = EPOLLOUT,
	LOOP_HANGUP = EPOLLRDHUP, /* the peer sends no more */
	LOOP_BROKEN = EPOLLERR,   /* an error; comes even if it is not waited for */
};

/* A watched descriptor. The owner embeds it, and sets fd and wake. The loop calls
 * wake() in each turn in which one of the events holds. */
struct loop_watch {
	int fd;
	unsigned events; /* the events to wait for; the loop sets them */
	void (*wake)(struct loop_watch *watch, unsigned events);
	struct loop_watch *next_left; /* for the loop */
	void *owner;                  /* for the loop */
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
	int come_count, come_next; /* events of this turn, and the first that was not
				      handled yet */
	struct loop_watch *left;   /* watches whose owners must be freed */
	struct loop_timer **heap;  /* from index 1 on, the earliest first */
	uint32_t timer_count, timer_room;
};

/* Initialize *l. False, and errno: the kernel refuses. */
MUST_USE bool loop_init(struct loop *l);

/* Make room for so many timers that are set at the same time. Call it once. False: out
 * of memory. */
MUST_USE bool loop_make_room(struct loop *l, uint32_t timers);

/* Milliseconds of the monotonic clock, the same during one turn. */
static inline uint64_t loop_now(const struct loop *l)
{
	return l->now;
}

/* Watch w->fd for these events; 0: for none. False, and errno: the kernel refuses. */
bool loop_watch(struct loop *l, struct loop_watch *w, unsigned events);

/* The caller is about to close w->fd: wake w no more. The loop frees `owner` at the end
 * of the turn, so functions that work on it may use it until then. If another process
 * may have the descriptor, too, call loop_watch(l, w, 0) first, because closing it here
 * would not end the watch. */
void loop_leave(struct loop *l, struct loop_watch *w, void *owner);

/* Set a timer, or move it, to the time `at` of loop_now(). At that time, or at the end
 * of this turn if it has passed, the loop calls due() once; the timer is unset before.
 * The process aborts if more timers are set than loop_make_room has made room for. */
void loop_set(struct loop *l, struct loop_timer *t, uint64_t at);
void loop_unset(struct loop *l, struct loop_timer *t); /* t need not be set */
static inline bool loop_is_set(const struct loop_timer *t)
{
	return t->place > 0;
}

/* Run until loop_stop, and to the end of the turn in which it was called. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);
