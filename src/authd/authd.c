/* authd/authd.c - poplar-auth: says who may have which maildrop.
 *
 * Threads in straight-line code that may block. Here are the process
 * and its links; what fronts ask is authd/logins.c's.
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
#include "child/child.h"
#include "ipc/channel.h"
#include "sys/pool.h"
#include "sys/proc.h"

struct authd {
	struct child child;
	struct pool *pool, *errands; /* errands: what the parent brings */
	struct logins logins;
	int dir; /* of the users file */
	struct auth_databases databases;
	atomic_uint live;     /* links to fronts */
	atomic_ullong linked; /* ... that there have been */
	atomic_bool draining;
	struct pool_fd parent;
};

/* ---- the end ---- */

static void maybe_end(struct authd *a)
{
	if (atomic_load(&a->draining) && atomic_load(&a->live) == 0)
		_exit(EXIT_SUCCESS);
}

/* ---- links to fronts ---- */

/* A front's channel. It is watched again before a password is checked, so that others
 * are checked meanwhile: several threads may be using it when it ends. */
struct link {
	struct pool_fd post; /* first: a link is a post */
	atomic_uint keepers;
	uint64_t number; /* what the parent calls the process */
	bool held_back;  /* watched until it has read most answers */
	struct logins_link front;
};

/* So many answers, of any size, fit into the queue of a front that has read most of
 * those before. */
enum { ANSWERS_MAX = 16 };

static void link_release(struct authd *a, struct link *link)
{
	if (atomic_fetch_sub(&link->keepers, 1) > 1)
		return;
	exchanges_done(&link->front.exchanges);
	close(link->post.fd);
	free(link);
	atomic_fetch_sub(&a->live, 1);
	maybe_end(a);
}

/* Watch for the next question. A front that does not read its answers is not asked what
 * else it wants to know until it has: so no thread has to wait for it. */
static void link_again(struct pool *pool, struct link *link)
{
	link->held_back = atomic_load(&link->front.answers) >= ANSWERS_MAX;
	if (link->held_back)
		pool_when_writable(pool, &link->post);
	else
		pool_again(pool, &link->post);
}

/* A process that has no link would serve nobody: the parent ends it and starts another
 * in its place. The other threads that use the link see that it has ended. */
static void link_end(const struct authd *a, const struct link *link)
{
	const struct message broken = { .kind = MESSAGE_FRONT_BROKEN,
					.FRONT_BROKEN = { link->number } };

	shutdown(link->post.fd, SHUT_RDWR);
	fault_ignore(channel_send(a->child.parent, &broken, -1, CHANNEL_NOW));
}

static void link_wake(struct pool *pool, struct pool_fd *post)
{
	struct authd *a = pool_arg(pool);
	struct link *link = (struct link *)post;
	const struct channel front = channel_of(post->fd, ROLE_FRONT, ROLE_AUTH);
	ROOM struct channel_inbox inbox;

	if (link->held_back) {
		atomic_store(&link->front.answers, 0);
		link_again(pool, link);
		return;
	}
	switch (channel_receive(&front, CHANNEL_NOW, &inbox)) {
	case CHANNEL_MESSAGE:
		break;
	case CHANNEL_EMPTY:
		pool_again(pool, post);
		return;
	case CHANNEL_CUT:
	case CHANNEL_BROKEN:
		log_event(LOG_CRIT, "front-broken");
		link_end(a, link);
		link_release(a, link);
		return;
	case CHANNEL_CLOSED:
		link_release(a, link);
		return;
	}
	atomic_fetch_add(&link->keepers, 1);
	link_again(pool, link);
	if (!logins_hear(&a->logins, &link->front, &inbox.message)) {
		log_event(LOG_ERR, "front-does-not-listen");
		link_end(a, link);
	}
	secret_wipe(&inbox, sizeof inbox);
	link_release(a, link);
}

static void link_begin(struct authd *a, uint64_t number, int fd)
{
	struct link *link = malloc(sizeof *link);

	if (!link) {
		close(fd);
		return;
	}
	link->post = (struct pool_fd){ fd, link_wake };
	link->front.fd = fd;
	link->front.number = atomic_fetch_add(&a->linked, 1);
	atomic_init(&link->keepers, 1);
	atomic_init(&link->front.told, LOGINS_UNTOLD);
	atomic_init(&link->front.answers, 0);
	exchanges_init(&link->front.exchanges);
	link->held_back = false;
	link->number = number;
	atomic_fetch_add(&a->live, 1);
	if (!pool_watch(a->pool, &link->post))
		link_release(a, link);
}

/* ---- the parent ---- */

static void take(void *arg, const struct message *m, int fd)
{
	struct authd *a = arg;

	switch (m->kind) {
	case MESSAGE_DIRECTORY:
		own_fd_close(&a->dir);
		a->dir = fd;
		break;
	case MESSAGE_FRONT_LINK:
		link_begin(a, m->FRONT_LINK.number, fd);
		break;
	case MESSAGE_DATABASE:
		auth_databases_add(&a->databases, &a->child.settings, a->dir,
				   &m->DATABASE);
		break;
	case MESSAGE_BOARD:
		if (!grants_add_board(&a->child.settings, &m->BOARD)) {
			log_event(LOG_CRIT, "not-started",
				  LOG_T("what", "settings of a board cannot be read"));
			_exit(EXIT_FAILURE);
		}
		break;
	case MESSAGE_CONTROL:
		control_begin(a->pool, fd, &a->logins);
		break;
	case MESSAGE_LOOKUP_LINK:
		auth_databases_link(&a->databases, &a->child.settings, &m->LOOKUP_LINK,
				    fd);
		break;
	case MESSAGE_DROP_LINK:
		drops_link(&a->logins.grants.drops, &m->DROP_LINK, fd);
		break;
	case MESSAGE_DROP_REFUSED:
		drops_refused(&a->logins.grants.drops, &m->DROP_REFUSED);
		break;
	case MESSAGE_DROP_LEAVES:
		drops_leave(&a->logins.grants.drops, &m->DROP_LEAVES);
		break;
	case MESSAGE_DROP_LATE:
		drops_late(&a->logins.grants.drops, &m->DROP_LATE);
		break;
	case MESSAGE_DRAIN:
		atomic_store(&a->draining, true);
		maybe_end(a);
		break;
	default: /* the table has no other from the parent */
		break;
	}
}

static void parent_wake(struct pool *pool, struct pool_fd *post)
{
	struct authd *a = pool_arg(pool);

	if (child_hear(&a->child, take, a)) {
		pool_again(pool, post);
		return;
	}
	atomic_store(&a->draining, true);
	maybe_end(a);
}

static bool make_rules(struct authd *a)
{
	const struct settings *s = &a->child.settings;

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
	    gssapi_start(a->child.settings.gssapi_keytab, &why))
		log_fault(&why, "gssapi-unusable");
}

/* The parent is heard by a thread of its own: what it brings may be what all the others
 * wait for. */
static void *serve_parent(void *arg)
{
	struct authd *a = arg;

	pool_run(a->errands, 1);
}

int main(int argc, char **argv)
{
	static struct authd a = { .dir = -1 };
	pthread_t thread;

	a.pool = pool_new(&a);
	a.errands = pool_new(&a);
	if (!a.pool || !a.errands)
		return EXIT_FAILURE;
	drops_init(&a.logins.grants.drops, PROC_CHANNEL_FD);
	auth_databases_init(&a.databases, PROC_CHANNEL_FD);
	child_begin(&a.child, ROLE_AUTH, argc, argv, take, &a);
	if (!make_rules(&a))
		return EXIT_FAILURE;
	start_gssapi(&a);
	if (!scheme_start() || !login_start() || !sasl_start() ||
	    !grants_start(&a.logins.grants, &a.child.settings, &a.logins.rules) ||
	    !throttle_start(&a.logins.throttle, &a.child.settings, &a.logins.rules))
		return EXIT_FAILURE;
	unsigned threads = auth_databases_start(&a.databases, &a.child.settings);
	a.logins.grants.drops.waiters_max = (a.child.settings.auth_threads + 1) / 2;
	if (gssapi_host())
		a.child.sandbox = SANDBOX_AUTH_GSSAPI;
	child_enter_sandbox(&a.child, a.dir);
	a.parent = (struct pool_fd){ PROC_CHANNEL_FD, parent_wake };
	if (!pool_watch(a.errands, &a.parent) ||
	    pthread_create(&thread, NULL, serve_parent, &a) != 0) {
		log_event(LOG_CRIT, "not-started", LOG_T("what", "threads"));
		return EXIT_FAILURE;
	}
	pool_run(a.pool, threads);
}
