/* sys/loop.c - waits in one thread for many descriptors and timers.
 *
 * Prefix: loop_.
 */
#include "sys/loop.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "sys/clock.h"

bool loop_init(struct loop *l)
{
	*l = (struct loop){ .epoll = epoll_create1(EPOLL_CLOEXEC), .now = clock_ms() };
	return l->epoll >= 0;
}

bool loop_make_room(struct loop *l, uint32_t timers)
{
	l->heap = calloc((size_t)timers + 1, sizeof(struct loop_timer *));
	l->timer_room = l->heap ? timers : 0;
	return l->heap;
}

/* ---- descriptors ---- */

bool loop_watch(struct loop *l, struct loop_watch *w, unsigned events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };
	const int change = w->events == 0 ? EPOLL_CTL_ADD
			   : events == 0  ? EPOLL_CTL_DEL
					  : EPOLL_CTL_MOD;

	if (events == w->events)
		return true;
	if (epoll_ctl(l->epoll, change, w->fd, &ev) < 0)
		return false;
	w->events = events;
	return true;
}

void loop_leave(struct loop *l, struct loop_watch *w, void *owner)
{
	for (int i = l->come_next; i < l->come_count; i++)
		if (l->come[i].data.ptr == w)
			l->come[i].data.ptr = NULL;
	w->events = 0;
	w->owner = owner;
	w->next_left = l->left;
	l->left = w;
}

static void free_left(struct loop *l)
{
	while (l->left) {
		struct loop_watch *w = l->left;

		l->left = w->next_left;
		free(w->owner);
	}
}

/* If the descriptor is broken or hung up, a read or write returns at once. So all
 * events that the watch waits for are reported. */
static void wake(struct loop_watch *w, unsigned come)
{
	if (come & (EPOLLERR | EPOLLHUP))
		come |= w->events;
	come &= w->events | LOOP_BROKEN;
	if (w->events && come)
		w->wake(w, come);
}

/* ---- deadlines: a binary heap ---- */

static void place(struct loop *l, uint32_t at, struct loop_timer *t)
{
	l->heap[at] = t;
	t->place = at;
}

static void rise(struct loop *l, uint32_t at, struct loop_timer *t)
{
	for (; at > 1 && l->heap[at / 2]->at > t->at; at /= 2)
		place(l, at, l->heap[at / 2]);
	place(l, at, t);
}

static void sink(struct loop *l, uint32_t at, struct loop_timer *t)
{
	for (uint32_t next; (next = 2 * at) <= l->timer_count; at = next) {
		if (next < l->timer_count && l->heap[next + 1]->at < l->heap[next]->at)
			next++;
		if (l->heap[next]->at >= t->at)
			break;
		place(l, at, l->heap[next]);
	}
	place(l, at, t);
}

void loop_unset(struct loop *l, struct loop_timer *t)
{
	const uint32_t at = t->place;

	if (!loop_is_set(t))
		return;
	struct loop_timer *last = l->heap[l->timer_count--];
	t->place = 0;
	if (last == t)
		return;
	sink(l, at, last);
	rise(l, last->place, last);
}

void loop_set(struct loop *l, struct loop_timer *t, uint64_t at)
{
	loop_unset(l, t);
	if (l->timer_count == l->timer_room)
		abort(); /* a mistake of the caller, who has made too little room: no
			    client can cause it */
	t->at = at;
	rise(l, ++l->timer_count, t);
}

/* ---- turns ---- */

static int timeout_of(const struct loop *l)
{
	if (l->timer_count == 0)
		return -1;
	const uint64_t at = l->heap[1]->at;
	if (at <= l->now)
		return 0;
	return at - l->now < INT_MAX ? (int)(at - l->now) : INT_MAX;
}

static void tell_timers(struct loop *l)
{
	while (l->timer_count > 0 && l->heap[1]->at <= l->now) {
		struct loop_timer *t = l->heap[1];

		loop_unset(l, t);
		t->due(t);
	}
}

void loop_run(struct loop *l)
{
	const int most = sizeof l->come / sizeof *l->come;

	while (!l->stopped) {
		int n = epoll_wait(l->epoll, l->come, most, timeout_of(l));

		l->now = clock_ms();
		l->come_count = n > 0 ? n : 0;
		l->come_next = 0;
		while (l->come_next < l->come_count) {
			const struct epoll_event *ev = &l->come[l->come_next++];

			if (ev->data.ptr)
				wake(ev->data.ptr, ev->events);
		}
		tell_timers(l);
		free_left(l);
	}
}

void loop_stop(struct loop *l)
{
	l->stopped = true;
}
