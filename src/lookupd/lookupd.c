/* lookupd/lookupd.c - poplar-lookup: asks one database of users.
 *
 * One thread, one question at a time. The database's library or program runs in this
 * process alone: if it hangs or crashes, poplar-auth goes without one answer.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "auth/user/scheme.h"
#include "base/log.h"
#include "base/own.h"
#include "base/secret.h"
#include "child/child.h"
#include "ipc/channel.h"
#include "lookup/driver.h"
#include "sys/file.h"
#include "sys/proc.h"

enum { SECRET_OCTETS_MAX = 4096 };

struct lookupd {
	struct child child;                 /* first: poplar-lookup is a child */
	struct databases databases;         /* one */
	const struct lookup_driver *driver; /* of the database */
	int dir;             /* the folder that stays readable; -1: none */
	char *secret;        /* password of the database's own user */
	void *self;          /* the driver's */
	struct channel auth; /* to poplar-auth; its fd is -1 while there is none */
	bool draining;
	struct channel_inbox inbox;
	struct lookup_answer answer;
};

static _Noreturn void give_up(const struct why *why)
{
	log_fault(why, "not-started", LOG_T("role", role_name(ROLE_LOOKUP)));
	_exit(EXIT_FAILURE);
}

/* ---- the parent ---- */

/* The secret is the file's first line. */
static bool on_secret(void *arg, const struct message *m, struct channel_files *files)
{
	struct lookupd *l = arg;
	struct why why = { 0 };
	size_t len;
	OWN_FD file = files->at[0];

	(void)m;
	if (file_read_all(file, SECRET_OCTETS_MAX, &l->secret, &len, "password-file",
			  &why))
		give_up(&why);
	l->secret[strcspn(l->secret, "\r\n")] = '\0';
	return true;
}

static bool on_database(void *arg, const struct message *m, struct channel_files *none)
{
	struct lookupd *l = arg;
	struct database_settings *s = databases_add(&l->databases, m->DATABASE.name);

	(void)none;
	return s && rows_unpack(database_rows(), s, ROLE_LOOKUP, m->DATABASE.values) ==
			    FAULT_NONE;
}

static bool on_directory(void *arg, const struct message *m,
			 struct channel_files *files)
{
	struct lookupd *l = arg;

	(void)m;
	l->dir = files->at[0];
	return true;
}

static bool on_auth_link(void *arg, const struct message *m,
			 struct channel_files *files)
{
	struct lookupd *l = arg;

	(void)m;
	own_fd_close(&l->auth.fd);
	l->auth = channel_of(files->at[0], ROLE_AUTH, ROLE_LOOKUP);
	return true;
}

static bool on_drain(void *arg, const struct message *m, struct channel_files *none)
{
	struct lookupd *l = arg;

	(void)m, (void)none;
	l->draining = true;
	return true;
}

#define HEARS_PARENT(X)                                                                \
	CHILD_HEARS(X)                                                                 \
	X(DATABASE, on_database)                                                       \
	X(SECRET, on_secret)                                                           \
	X(DIRECTORY, on_directory)                                                     \
	X(AUTH_LINK, on_auth_link)                                                     \
	X(DRAIN, on_drain)
DISPATCH(from_parent, PARENT, LOOKUP, HEARS_PARENT);

/* ---- questions ---- */

/* Ask the database. *a is what it says, for DATABASE_RIGHT with the user's fields, and
 * for trouble with its story. */
static enum database_says ask(const struct lookupd *l,
			      const struct message_LOOKUP_ASK *ask,
			      struct lookup_answer *a)
{
	const struct lookup_question q = { ask->user, ask->password, ask->peer,
					   ask->judge > 0 };
	enum database_says says = DATABASE_UNKNOWN;

	*a = (struct lookup_answer){ .fields = BUF(a->room) };
	if (!span_has_any(q.name, "") && !span_has_any(q.password, ""))
		says = l->driver->ask(l->self, &q, a);
	if (says == DATABASE_RIGHT && a->fields.cut)
		says = DATABASE_DOWN; /* some of its fields would be missing */
	if (says != DATABASE_RIGHT)
		a->fields.len = 0;
	return says;
}

static bool send_answer(const struct lookupd *l, const struct message_LOOKUP_IS *is)
{
	const struct message m = { .kind = MESSAGE_LOOKUP_IS, .LOOKUP_IS = *is };
	const struct message unfit = {
		.kind = MESSAGE_LOOKUP_IS,
		.LOOKUP_IS = { .says = DATABASE_DOWN, .unfit = true },
	};
	enum fault f = channel_send(l->auth.fd, &m, -1, CHANNEL_NOW);

	if (f == FAULT_UNSENDABLE)
		f = channel_send(l->auth.fd, &unfit, -1, CHANNEL_NOW);
	return f == FAULT_NONE;
}

static bool on_ask(void *arg, const struct message *m, struct channel_files *none)
{
	struct lookupd *l = arg;
	struct lookup_answer *a = &l->answer;
	const enum database_says says = ask(l, &m->LOOKUP_ASK, a);
	const bool has_trouble = says == DATABASE_DOWN || says == DATABASE_WRONG;
	char text[191];
	struct buf trouble = BUF(text);

	(void)none;
	if (has_trouble)
		fault_story(&a->why, &trouble);
	const bool said = send_answer(
		l, &(struct message_LOOKUP_IS){ says, a->why.fault == FAULT_UNSENDABLE,
						buf_span(&trouble),
						buf_span(&a->fields) });
	secret_wipe(a->room, sizeof a->room);
	return said;
}

#define HEARS_AUTH(X) X(LOOKUP_ASK, on_ask)
DISPATCH(from_auth, AUTH, LOOKUP, HEARS_AUTH);

static void hear_auth(struct lookupd *l)
{
	switch (channel_receive(&l->auth, CHANNEL_NOW, &l->inbox)) {
	case CHANNEL_MESSAGE:
		if (!dispatch(&from_auth, l, &l->inbox))
			own_fd_close(&l->auth.fd);
		secret_wipe(&l->inbox, sizeof l->inbox);
		break;
	case CHANNEL_EMPTY:
		break;
	case CHANNEL_CUT:
	case CHANNEL_BROKEN:
		/* poplard links a process with poplar-auth when it starts: end, so that
		 * another one is started. */
		log_event(LOG_CRIT, "link-broken", LOG_T("peer", role_name(ROLE_AUTH)),
			  LOG_T("message", l->auth.broken),
			  LOG_T("reason", l->auth.reason));
		_exit(EXIT_FAILURE);
	case CHANNEL_CLOSED:
		own_fd_close(&l->auth.fd);
		break;
	}
}

static _Noreturn void work(struct lookupd *l)
{
	while (l->auth.fd >= 0 || !l->draining) {
		struct pollfd polls[] = { { l->child.parent.fd, POLLIN, 0 },
					  { l->auth.fd, POLLIN, 0 } };

		if (poll(polls, 2, -1) <= 0)
			continue;
		if (polls[1].revents)
			hear_auth(l);
		if (polls[0].revents && !child_hear(&l->child))
			l->draining = true;
	}
	_exit(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
	static struct lookupd l = { .dir = -1, .auth = { .fd = -1 } };
	struct why why = { 0 };

	if (argc == 2 && strcmp(argv[1], LOOKUP_REPLY_OPTION) == 0)
		lookup_reply();
	/* Modules and programs of the database do not get it. */
	fcntl(PROC_CHANNEL_FD, F_SETFD, FD_CLOEXEC);
	child_begin(&l.child, ROLE_LOOKUP, argc, argv, &from_parent);
	const struct database_settings *s = &l.databases.at[0];
	if (l.databases.count == 1 && scheme_start())
		l.driver = lookup_driver(s->driver);
	if (!l.driver) {
		fault_set(&why, FAULT_SETUP, 0, "find the database's driver", NULL);
		give_up(&why);
	}
	l.self = l.driver->open(s, l.secret, &why);
	if (!l.self)
		give_up(&why);
	l.child.sandbox = database_sandbox(s);
	child_enter_sandbox(&l.child, l.dir);
	work(&l);
}
