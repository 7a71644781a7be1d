/* dropd/dropd.c - poplar-drop: opens the maildrops of one uid, and serves them.
 *
 * Its threads run sequential code that may block. Each GRANT from poplar-auth carries a
 * session socket: the process that has the other end may use that one maildrop and
 * nothing else.
 */
#include "dropd/session.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "dropd/delivery.h"
#include "sys/proc.h"

/* ---- links to poplar-auth ---- */

static bool on_grant(void *arg, const struct message *m, struct channel_files *files)
{
	dropd_session_begin(arg, m, files->at[0]);
	return true;
}

static bool on_grant_delivery(void *arg, const struct message *m,
			      struct channel_files *files)
{
	dropd_delivery_begin(arg, m, files->at[0]);
	return true;
}

#define HEARS_AUTH(X) X(GRANT, on_grant) X(GRANT_DELIVERY, on_grant_delivery)
DISPATCH(from_auth, AUTH, DROP, HEARS_AUTH);

static bool hear_auth(struct threaded_link *link, struct channel_inbox *in)
{
	return dispatch(&from_auth, link->process, in);
}

static void free_link(struct threaded_link *link)
{
	free(link);
}

static const struct threaded_kind auth_links = {
	.peer = ROLE_AUTH,
	.hear = hear_auth,
	.free = free_link,
};

/* ---- poplard ---- */

static bool on_directory(void *arg, const struct message *m,
			 struct channel_files *files)
{
	struct dropd *d = arg;

	(void)m;
	d->root = files->at[0];
	return true;
}

static bool on_auth_link(void *arg, const struct message *m,
			 struct channel_files *files)
{
	struct dropd *d = arg;
	struct threaded_link *link = malloc(sizeof *link);

	(void)m;
	if (link)
		threaded_link_begin(&d->threaded, link, &auth_links, files->at[0]);
	else
		close(files->at[0]);
	return true;
}

#define HEARS_PARENT(X)                                                                \
	CHILD_HEARS(X)                                                                 \
	X(DIRECTORY, on_directory)                                                     \
	X(AUTH_LINK, on_auth_link)                                                     \
	X(DRAIN, threaded_on_drain)
DISPATCH(from_parent, PARENT, DROP, HEARS_PARENT);

/* Report to poplard that there are no sessions. poplard decides whether this process
 * ends, since a login may come at any time, and poplard can tell poplar-auth. */
static void say_idle(struct pool *pool)
{
	struct dropd *d = pool_arg(pool);
	const struct message m = { .kind = MESSAGE_IDLE };

	if (atomic_load(&d->sessions) > 0 || atomic_load(&d->threaded.draining))
		return;
	fault_ignore(channel_send(d->idle, &m, -1, CHANNEL_NOW));
	log_event(LOG_DEBUG, "drop-idle");
}

/* Without the site's text, warnings have the built-in one. */
static void begin_warnings(struct dropd *d)
{
	const char *path = d->threaded.child.settings.quota_warn_text;
	struct why why = { 0 };

	warning_begin(&d->warning);
	if (*path == '\0')
		return;
	OWN_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		fault_set(&why, FAULT_SETUP, errno, "open", path);
	else
		fault_ignore(warning_read(&d->warning, fd, &why));
	if (why.fault)
		log_fault(&why, "warning-text-failed");
}

/* A thread of its own settles deliveries, since it waits for the time to do so. Without
 * it, the index is not told of them. */
static void *settle(void *arg)
{
	store_arrivals_run(arg);
	return NULL;
}

static void start_settling(struct dropd *d)
{
	pthread_t thread;

	if (d->arrivals && pthread_create(&thread, NULL, settle, d->arrivals) != 0)
		store_arrivals_free(TAKE(d->arrivals));
}

int main(int argc, char **argv)
{
	static struct dropd d = { .root = -1 };
	struct threaded *t = &d.threaded;

	if (!threaded_init(t))
		return EXIT_FAILURE;
	child_begin(&t->child, ROLE_DROP, argc, argv, &from_parent);
	const struct settings *s = &t->child.settings;
	d.locks = store_locks_new(s->drop_threads / 2, s->lock_wait);
	if (!d.locks || !lockowners_init(&d.lockowners) || !store_start())
		return EXIT_FAILURE;
	d.boot = store_boot();
	if (s->index)
		d.arrivals = store_arrivals_new();
	begin_warnings(&d);
	/* A copy, since another thread closes the original when poplard has died. */
	d.idle = fcntl(PROC_CHANNEL_FD, F_DUPFD_CLOEXEC, PROC_CHANNEL_FD + 1);
	pool_when_quiet(t->pool, s->drop_idle * 1000, say_idle);
	child_enter_sandbox(&t->child, d.root);
	start_settling(&d);
	if (!threaded_hear_parent(t, t->pool))
		return EXIT_FAILURE;
	pool_run(t->pool, s->drop_threads);
}
