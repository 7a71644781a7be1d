/* authd/authd.c - poplar-auth: decides who may open which maildrop.
 *
 * Threads run straight-line code that may block. This file has the process, its links
 * to fronts and the messages of poplard; logins.c answers what fronts ask.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth/sasl/gssapi.h"
#include "auth/user/scheme.h"
#include "authd/control.h"
#include "authd/databases.h"
#include "authd/logins.h"
#include "authd/tokens.h"
#include "base/log.h"
#include "base/own.h"
#include "base/secret.h"
#include "child/threaded.h"
#include "sys/proc.h"

struct authd {
	struct threaded threaded; /* first: poplar-auth is a threaded process */
	struct pool *errands;     /* one thread that hears poplard */
	struct logins logins;
	int dir; /* that of the users file */
	struct auth_databases databases;
	atomic_ullong linked; /* links to fronts, ever */
};

/* ---- links to fronts ---- */

struct link {
	struct threaded_link threaded; /* first: a link is a threaded link */
	uint64_t number;     /* poplard's name for the process, in FRONT_BROKEN */
	atomic_bool is_lost; /* poplard has heard so */
	bool is_held;        /* watched until the front has read most answers */
	struct logins_link front;
};

/* The queue of a front that has read most of its answers has room for so many more, of
 * any size. */
enum { ANSWERS_MAX = 16 };

static struct authd *authd_of(const struct threaded_link *link)
{
	return (struct authd *)link->process;
}

static bool hear_front(struct threaded_link *link, struct channel_inbox *in)
{
	struct link *l = (struct link *)link;
	const bool on = logins_hear(&l->front, in);

	secret_wipe(in, sizeof *in);
	return on;
}

/* A front that does not read its answers may ask no more until it has, so that no
 * thread has to wait for it. */
static void watch_front(struct threaded_link *link)
{
	struct link *l = (struct link *)link;

	l->is_held = atomic_load(&l->front.answers.unread) >= ANSWERS_MAX;
	if (l->is_held)
		pool_when_writable(link->process->pool, &link->post);
	else
		pool_again(link->process->pool, &link->post);
}

static bool may_hear_front(struct threaded_link *link)
{
	struct link *l = (struct link *)link;

	if (!l->is_held)
		return true;
	atomic_store(&l->front.answers.unread, 0);
	return false;
}

/* A front without a link can serve nobody: poplard ends it and starts another. */
static void give_front_up(const struct authd *a, uint64_t number)
{
	const struct message broken = { .kind = MESSAGE_FRONT_BROKEN,
					.FRONT_BROKEN = { number } };

	fault_ignore(
		channel_send(a->threaded.child.parent.fd, &broken, -1, CHANNEL_NOW));
}

/* Threads that still use the link see that it has ended. A front that has closed its
 * end may have died: poplard knows. */
static void lose_front(struct threaded_link *link)
{
	struct link *l = (struct link *)link;

	shutdown(link->post.fd, SHUT_RDWR);
	if (!atomic_exchange(&l->is_lost, true))
		give_front_up(authd_of(link), l->number);
}

static void free_front(struct threaded_link *link)
{
	struct link *l = (struct link *)link;

	exchanges_done(&l->front.exchanges);
	free(l);
}

static const struct threaded_kind front_links = {
	.peer = ROLE_FRONT,
	.hear = hear_front,
	.watch = watch_front,
	.may_hear = may_hear_front,
	.lost = lose_front,
	.free = free_front,
};

/* ---- poplard ---- */

static bool on_front_link(void *arg, const struct message *m,
			  struct channel_files *files)
{
	struct authd *a = arg;
	struct link *link = malloc(sizeof *link);
	const int fd = files->at[0];

	if (!link) {
		close(fd);
		give_front_up(a, m->FRONT_LINK.number);
		return true;
	}
	link->number = m->FRONT_LINK.number;
	atomic_init(&link->is_lost, false);
	link->is_held = false;
	logins_link_init(&link->front, &a->logins, fd, atomic_fetch_add(&a->linked, 1));
	threaded_link_begin(&a->threaded, &link->threaded, &front_links, fd);
	return true;
}

static bool on_directory(void *arg, const struct message *m,
			 struct channel_files *files)
{
	struct authd *a = arg;

	(void)m;
	a->dir = files->at[0];
	return true;
}

static bool on_database(void *arg, const struct message *m, struct channel_files *none)
{
	struct authd *a = arg;

	(void)none;
	auth_databases_add(&a->databases, &a->threaded.child.settings, a->dir,
			   &m->DATABASE);
	return true;
}

static bool on_board(void *arg, const struct message *m, struct channel_files *none)
{
	struct authd *a = arg;

	(void)none;
	return grants_add_board(&a->threaded.child.settings, &m->BOARD);
}

static bool on_control(void *arg, const struct message *m, struct channel_files *files)
{
	struct authd *a = arg;

	(void)m;
	control_begin(a->threaded.pool, files->at[0], &a->logins);
	return true;
}

static bool on_lookup_link(void *arg, const struct message *m,
			   struct channel_files *files)
{
	struct authd *a = arg;

	auth_databases_link(&a->databases, &a->threaded.child.settings, &m->LOOKUP_LINK,
			    files->at[0]);
	return true;
}

static bool on_drop_link(void *arg, const struct message *m,
			 struct channel_files *files)
{
	struct authd *a = arg;

	drops_link(&a->logins.grants.drops, &m->DROP_LINK, files->at[0]);
	return true;
}

static bool on_drop_refused(void *arg, const struct message *m,
			    struct channel_files *none)
{
	struct authd *a = arg;

	(void)none;
	drops_refused(&a->logins.grants.drops, &m->DROP_REFUSED);
	return true;
}

static bool on_drop_leaves(void *arg, const struct message *m,
			   struct channel_files *none)
{
	struct authd *a = arg;

	(void)none;
	drops_leave(&a->logins.grants.drops, &m->DROP_LEAVES);
	return true;
}

static bool on_drop_late(void *arg, const struct message *m, struct channel_files *none)
{
	struct authd *a = arg;

	(void)none;
	drops_late(&a->logins.grants.drops, &m->DROP_LATE);
	return true;
}

#define HEARS_PARENT(X)                                                                \
	CHILD_HEARS(X)                                                                 \
	X(DIRECTORY, on_directory)                                                     \
	X(DATABASE, on_database)                                                       \
	X(BOARD, on_board)                                                             \
	X(FRONT_LINK, on_front_link)                                                   \
	X(DROP_LINK, on_drop_link)                                                     \
	X(LOOKUP_LINK, on_lookup_link)                                                 \
	X(DROP_REFUSED, on_drop_refused)                                               \
	X(DROP_LEAVES, on_drop_leaves)                                                 \
	X(DROP_LATE, on_drop_late)                                                     \
	X(CONTROL, on_control)                                                         \
	X(DRAIN, threaded_on_drain)
DISPATCH(from_parent, PARENT, AUTH, HEARS_PARENT);

/* ---- start ---- */

static bool make_rules(struct authd *a)
{
	const struct settings *s = &a->threaded.child.settings;

	a->logins.rules = (struct login_rules){
		.default_domain = span_of(s->default_domain),
		.fold = s->fold_names,
		.master_separator = s->master_separator[0],
		.anonymous = span_of(s->anonymous_user),
		.realm = s->gssapi_realm,
	};
	tokens_split(&s->databases, a->databases.at, &a->logins.rules);
	return a->logins.rules.databases &&
	       settings_mechanisms(&s->mechanisms, &a->logins.allowed);
}

/* A server without its keys is of use to all others. */
static void start_gssapi(struct authd *a)
{
	struct why why = { 0 };

	if ((a->logins.allowed & MECHANISM_BIT(GSSAPI)) &&
	    gssapi_start(a->threaded.child.settings.gssapi_keytab, &why))
		log_fault(&why, "gssapi-unusable");
}

/* poplard is heard by a thread of its own: all others may be waiting for what poplard
 * brings. */
static void *serve_parent(void *arg)
{
	struct authd *a = arg;

	pool_run(a->errands, 1);
}

int main(int argc, char **argv)
{
	static struct authd a = { .dir = -1 };
	struct child *child = &a.threaded.child;
	pthread_t thread;

	a.errands = pool_new(&a);
	if (!threaded_init(&a.threaded) || !a.errands)
		return EXIT_FAILURE;
	drops_init(&a.logins.grants.drops, PROC_CHANNEL_FD);
	auth_databases_init(&a.databases, PROC_CHANNEL_FD);
	child_begin(child, ROLE_AUTH, argc, argv, &from_parent);
	if (!make_rules(&a))
		return EXIT_FAILURE;
	start_gssapi(&a);
	if (!scheme_start() || !login_start() || !sasl_start() ||
	    !grants_start(&a.logins.grants, &child->settings, &a.logins.rules) ||
	    !throttle_start(&a.logins.throttle, &child->settings, &a.logins.rules))
		return EXIT_FAILURE;
	unsigned threads = auth_databases_start(&a.databases, &child->settings);
	a.logins.grants.drops.waiters_max = (child->settings.auth_threads + 1) / 2;
	if (gssapi_host())
		child->sandbox = SANDBOX_AUTH_GSSAPI;
	child_enter_sandbox(child, a.dir);
	if (!threaded_hear_parent(&a.threaded, a.errands) ||
	    pthread_create(&thread, NULL, serve_parent, &a) != 0) {
		log_event(LOG_CRIT, "not-started", LOG_T("what", "threads"));
		return EXIT_FAILURE;
	}
	pool_run(a.threaded.pool, threads);
}
