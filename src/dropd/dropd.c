/* dropd/dropd.c - poplar-drop: keeps the maildrops of one user of the system.
 *
 * Threads in straight-line code that may block. GRANT messages from
 * poplar-auth bring session sockets; whoever holds the other end of one may use that
 * maildrop and nothing else.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "dropd/dropd.h"
#include "sys/proc.h"

/* ---- the end ---- */

static void maybe_end(struct dropd *d)
{
	if (atomic_load(&d->draining) && atomic_load(&d->live) == 0)
		_exit(EXIT_SUCCESS);
}

static void one_less(struct dropd *d)
{
	atomic_fetch_sub(&d->live, 1);
	maybe_end(d);
}

void dropd_session_less(struct dropd *d)
{
	atomic_fetch_sub(&d->sessions, 1);
	one_less(d);
}

/* ---- links to poplar-auth ---- */

static void link_end(struct dropd *d, struct pool_fd *post)
{
	close(post->fd);
	free(post);
	one_less(d);
}

/* One GRANT; the link is given on before the maildrop is opened, which may take long.
 * Its session counts from before that: another thread may find the link's end, as the
 * last that lives, meanwhile. */
static void link_wake(struct pool *pool, struct pool_fd *post)
{
	struct dropd *d = pool_arg(pool);
	const struct channel auth = channel_of(post->fd, ROLE_AUTH, ROLE_DROP);
	ROOM struct channel_inbox inbox;

	switch (channel_receive(&auth, CHANNEL_NOW, &inbox)) {
	case CHANNEL_MESSAGE:
		atomic_fetch_add(&d->live, 1);
		atomic_fetch_add(&d->sessions, 1);
		pool_again(pool, post);
		dropd_session_begin(d, &inbox.message, inbox.files.at[0]);
		break;
	case CHANNEL_EMPTY:
		pool_again(pool, post);
		break;
	case CHANNEL_CUT: /* the other end of the session's socket sees that it is over
			   */
		log_event(LOG_ERR, "session-lost",
			  LOG_T("what", "too many open files"));
		pool_again(pool, post);
		break;
	case CHANNEL_BROKEN:
		log_event(LOG_CRIT, "auth-broken");
		link_end(d, post);
		break;
	case CHANNEL_CLOSED:
		link_end(d, post);
		break;
	}
}

static void link_begin(struct dropd *d, int fd)
{
	struct pool_fd *link = malloc(sizeof *link);

	if (!link) {
		close(fd);
		return;
	}
	*link = (struct pool_fd){ fd, link_wake };
	atomic_fetch_add(&d->live, 1);
	if (!pool_watch(d->pool, link))
		link_end(d, link);
}

/* ---- the parent ---- */

static void take(void *arg, const struct message *m, int fd)
{
	struct dropd *d = arg;

	switch (m->kind) {
	case MESSAGE_DIRECTORY:
		own_fd_close(&d->root);
		d->root = fd;
		break;
	case MESSAGE_AUTH_LINK:
		link_begin(d, fd);
		break;
	case MESSAGE_DRAIN:
		atomic_store(&d->draining, true);
		maybe_end(d);
		break;
	default: /* the table has no other from the parent */
		break;
	}
}

static void parent_wake(struct pool *pool, struct pool_fd *post)
{
	struct dropd *d = pool_arg(pool);

	if (child_hear(&d->child, take, d)) {
		pool_again(pool, post);
		return;
	}
	atomic_store(&d->draining, true);
	maybe_end(d);
}

/* A login may come at any time: whether this process ends is the parent's to say, who
 * knows what poplar-auth is told. */
static void say_idle(struct pool *pool)
{
	struct dropd *d = pool_arg(pool);
	const struct message m = { .kind = MESSAGE_IDLE };

	if (atomic_load(&d->sessions) > 0 || atomic_load(&d->draining))
		return;
	fault_ignore(channel_send(d->idle, &m, -1, CHANNEL_NOW));
	log_event(LOG_DEBUG, "drop-idle");
}

int main(int argc, char **argv)
{
	static struct dropd d = { .root = -1 };

	d.pool = pool_new(&d);
	if (!d.pool)
		return EXIT_FAILURE;
	child_begin(&d.child, ROLE_DROP, argc, argv, take, &d);
	const struct settings *s = &d.child.settings;
	d.locks = store_locks_new(s->drop_threads / 2, s->lock_wait);
	if (!d.locks || !lockowners_init(&d.lockowners) || !store_start())
		return EXIT_FAILURE;
	d.boot = store_boot();
	/* One of its own: a waking closes the other when the parent has died. */
	d.idle = fcntl(PROC_CHANNEL_FD, F_DUPFD_CLOEXEC, PROC_CHANNEL_FD + 1);
	pool_when_quiet(d.pool, s->drop_idle * 1000, say_idle);
	child_enter_sandbox(&d.child, d.root);
	d.parent = (struct pool_fd){ PROC_CHANNEL_FD, parent_wake };
	if (!pool_watch(d.pool, &d.parent))
		return EXIT_FAILURE;
	pool_run(d.pool, s->drop_threads);
}
