/* child/threaded.c - a child of poplard with threads, which serve its links to other
 * processes.
 *
 * Prefix: threaded_.
 */
#include "child/threaded.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "sys/proc.h"

/* ---- life ---- */

static void maybe_end(const struct threaded *t)
{
	if (atomic_load(&t->draining) && atomic_load(&t->live) == 0)
		_exit(EXIT_SUCCESS);
}

void threaded_more(struct threaded *t)
{
	atomic_fetch_add(&t->live, 1);
}

void threaded_less(struct threaded *t)
{
	atomic_fetch_sub(&t->live, 1);
	maybe_end(t);
}

static void drain(struct threaded *t)
{
	atomic_store(&t->draining, true);
	maybe_end(t);
}

/* ---- poplard ---- */

bool threaded_on_drain(void *arg, const struct message *m, struct channel_files *none)
{
	(void)m, (void)none;
	drain(arg);
	return true;
}

static void on_parent(struct pool *pool, struct pool_fd *post)
{
	struct threaded *t = pool_arg(pool);

	if (child_hear(&t->child))
		pool_again(pool, post);
	else
		drain(t);
}

bool threaded_init(struct threaded *t)
{
	t->pool = pool_new(t);
	return t->pool;
}

bool threaded_hear_parent(struct threaded *t, struct pool *pool)
{
	t->parent = (struct pool_fd){ PROC_CHANNEL_FD, on_parent };
	return pool_watch(pool, &t->parent);
}

/* ---- links ---- */

static void leave(struct threaded_link *link)
{
	struct threaded *t = link->process;

	if (atomic_fetch_sub(&link->users, 1) > 1)
		return;
	close(link->post.fd);
	link->kind->free(link);
	threaded_less(t);
}

static void lost(struct threaded_link *link)
{
	if (link->kind->lost)
		link->kind->lost(link);
}

/* Nobody watches the link any more. */
static void lose(struct threaded_link *link)
{
	lost(link);
	leave(link);
}

static void watch(struct threaded_link *link)
{
	if (link->kind->watch)
		link->kind->watch(link);
	else
		pool_again(link->process->pool, &link->post);
}

/* The link is watched again before its message is handled, which may take long: this
 * thread counts as a user of its own, since another one may meanwhile see the end. */
static void handle(struct threaded_link *link, struct channel_inbox *inbox)
{
	atomic_fetch_add(&link->users, 1);
	watch(link);
	if (!link->kind->hear(link, inbox))
		lost(link);
	leave(link);
}

static void on_link(struct pool *pool, struct pool_fd *post)
{
	struct threaded_link *link = (struct threaded_link *)post;
	ROOM struct channel_inbox inbox;

	(void)pool;
	if (link->kind->may_hear && !link->kind->may_hear(link)) {
		watch(link);
		return;
	}
	switch (channel_receive(&link->channel, CHANNEL_NOW, &inbox)) {
	case CHANNEL_MESSAGE:
		handle(link, &inbox);
		break;
	case CHANNEL_EMPTY:
		watch(link);
		break;
	case CHANNEL_CUT: /* the peer of the lost socket sees that it is closed */
		log_event(LOG_ERR, "session-lost",
			  LOG_T("what", "too many open files"));
		watch(link);
		break;
	case CHANNEL_BROKEN:
		log_event(LOG_CRIT, "link-broken",
			  LOG_T("peer", role_name(link->kind->peer)),
			  LOG_T("message", link->channel.broken),
			  LOG_T("reason", link->channel.reason));
		lose(link);
		break;
	case CHANNEL_CLOSED:
		lose(link);
		break;
	}
}

void threaded_link_begin(struct threaded *t, struct threaded_link *link,
			 const struct threaded_kind *kind, int fd)
{
	link->post = (struct pool_fd){ fd, on_link };
	link->process = t;
	link->kind = kind;
	link->channel = channel_of(fd, kind->peer, t->child.role);
	atomic_init(&link->users, 1);
	threaded_more(t);
	if (!pool_watch(t->pool, &link->post))
		lose(link);
}
