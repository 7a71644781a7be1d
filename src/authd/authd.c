/* authd/authd.c - poplar-auth: decides who may open which maildrop.
 *
 * Threads run straight-line code that may block. This file has the process and the
 * messages of poplard; fronts.c has the links to fronts, and logins.c answers what
 * fronts ask.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth/sasl/gssapi.h"
#include "auth/user/scheme.h"
#include "authd/control.h"
#include "authd/databases.h"
#include "authd/fronts.h"
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
	struct fronts fronts;
	int dir; /* that of the users file */
	struct auth_databases databases;
};

/* ---- poplard ---- */

static bool on_front_link(void *arg, const struct message *m,
			  struct channel_files *files)
{
	struct authd *a = arg;

	fronts_link(&a->fronts, m->FRONT_LINK.number, files->at[0]);
	return true;
}

static bool on_lmtp_link(void *arg, const struct message *m,
			 struct channel_files *files)
{
	struct authd *a = arg;

	fronts_link_lmtp(&a->fronts, m->LMTP_LINK.number, files->at[0]);
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
	X(LMTP_LINK, on_lmtp_link)                                                     \
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
	static const enum recipient_domains domains[] = {
		[RECIPIENT_DOMAINS_STRIP] = RECIPIENT_STRIP,
		[RECIPIENT_DOMAINS_KEEP] = RECIPIENT_KEEP,
		[RECIPIENT_DOMAINS_REQUIRE] = RECIPIENT_REQUIRE,
	};
	const struct settings *s = &a->threaded.child.settings;

	a->logins.rules = (struct login_rules){
		.default_domain = span_of(s->default_domain),
		.fold = s->fold_names,
		.master_separator = s->master_separator[0],
		.anonymous = span_of(s->anonymous_user),
		.realm = s->gssapi_realm,
	};
	a->logins.recipients = (struct recipient_rules){
		.login = &a->logins.rules,
		.domains = domains[s->recipient_domains],
		.delimiters = span_of(s->recipient_delimiter),
		.catch_all = span_of(s->catch_all),
		.postmaster = span_of(s->postmaster),
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
	static struct authd a = {
		.fronts = { .process = &a.threaded, .logins = &a.logins }, .dir = -1
	};
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
		log_event(LOG_CRIT, "not-started",
			  LOG_T("what", "no thread can be started"));
		return EXIT_FAILURE;
	}
	pool_run(a.threaded.pool, threads);
}
