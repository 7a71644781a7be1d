/* front/listener.c - listens for clients, and accepts them.
 *
 * Prefix: listener_.
 */
#include "front/listener.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "front/protocol.h"

enum {
	ACCEPTS_AT_A_TIME = 16, /* so that other fronts get their share */
	REST_MS = 200,          /* after accept(2) failed for want of memory or fds */
};

static bool may_accept(const struct front *f)
{
	return f->open && !f->draining && !f->resting && f->conn_count < f->slot_count;
}

static void poll_all(struct front *f)
{
	for (struct listener *l = f->listeners; l; l = l->next)
		if (!loop_watch(&f->loop, &l->watch, may_accept(f) ? LOOP_READ : 0))
			log_event(LOG_ERR, "listener-lost",
				  LOG_T("error", strerrordesc_np(errno)));
}

static void on_rested(struct loop_timer *timer)
{
	struct front *f = LOOP_OWNER(timer, struct front, rest_timer);

	f->resting = false;
	poll_all(f);
}

void listener_start(struct front *f)
{
	f->rest_timer.due = on_rested;
	poll_all(f);
}

/* Accept nobody for a while. The connection stays in the kernel's queue: the loop would
 * report it again at once, and accept(2) would fail again. */
static void rest(struct front *f, int sys)
{
	log_event(LOG_WARNING, "accept-failed", LOG_T("error", strerrordesc_np(sys)));
	f->resting = true;
	poll_all(f);
	loop_set(&f->loop, &f->rest_timer, loop_now(&f->loop) + REST_MS);
}

static bool is_want_of_resources(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	       error == ENOMEM;
}

static void accept_some(struct listener *l)
{
	struct front *f = l->front;

	for (int i = 0; i < ACCEPTS_AT_A_TIME && may_accept(f); i++) {
		struct sock_address peer = { .len = sizeof peer.addr };
		int fd = accept4(l->watch.fd, (struct sockaddr *)&peer.addr, &peer.len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			f->accept(f, fd, l->tls, &peer);
		} else if (is_want_of_resources(errno)) {
			rest(f, errno);
			return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			return;
		}
	}
	if (!may_accept(f)) {
		log_event(LOG_WARNING, "connections-full",
			  LOG_N("connections", f->conn_count));
		poll_all(f);
	}
}

static void on_listener(struct loop_watch *watch, unsigned events)
{
	struct listener *l = (struct listener *)watch;
	struct front *f = l->front;

	(void)events;
	if (f->protocol->holds_clients && f->protocol->holds_clients(f)) {
		f->open = false;
		poll_all(f);
		return;
	}
	accept_some(l);
}

void listener_open(struct front *f)
{
	f->open = true;
	poll_all(f);
}

void listener_accept_all(struct front *f)
{
	for (struct listener *l = f->listeners; l; l = l->next)
		accept_some(l);
}

static void maybe_end(struct front *f)
{
	if (f->draining && f->conn_count == 0)
		loop_stop(&f->loop);
}

void listener_conn_ended(struct front *f)
{
	if (f->conn_count + 1 == f->slot_count)
		poll_all(f);
	maybe_end(f);
}

void listener_drain(struct front *f)
{
	f->draining = true;
	while (f->listeners) {
		struct listener *l = f->listeners;

		f->listeners = l->next;
		loop_watch(&f->loop, &l->watch, 0);
		loop_leave(&f->loop, &l->watch, l);
		close(l->watch.fd);
	}
	maybe_end(f);
}

void listener_add(struct front *f, int fd, bool tls)
{
	struct listener *l = calloc(1, sizeof *l);

	if (!l) {
		log_event(LOG_ERR, "listener-lost", LOG_T("what", "out of memory"));
		close(fd);
		return;
	}
	l->watch = (struct loop_watch){ .fd = fd, .wake = on_listener };
	l->front = f;
	l->tls = tls;
	l->next = f->listeners;
	f->listeners = l;
	poll_all(f);
}
