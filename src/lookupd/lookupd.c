/* lookupd/lookupd.c - poplar-lookup: asks one database of users.
 *
 * One thread, one question at a time. What the database's library or
 * program does, it does in here: to hang or to crash costs poplar-auth one answer.
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
	struct child child;
	struct databases databases; /* one */
	int dir;                    /* beneath which the walls let it read; -1: none */
	char *secret;               /* password of the database's own user */
	void *self;                 /* the driver's */
	int auth;                   /* channel to poplar-auth; -1: none now */
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

/* The first line. */
static void take_secret(struct lookupd *l, int fd)
{
	struct why why = { 0 };
	size_t len;
	OWN_FD file = fd;

	if (file_read_all(file, SECRET_OCTETS_MAX, &l->secret, &len, "password-file",
			  &why))
		give_up(&why);
	l->secret[strcspn(l->secret, "\r\n")] = '\0';
}

static void take_database(struct lookupd *l, const struct message_DATABASE *m)
{
	struct database_settings *s = databases_add(&l->databases, m->name);
	struct why why = { 0 };

	if (s && rows_unpack(database_rows(), s, ROLE_LOOKUP, m->values) == FAULT_NONE)
		return;
	fault_set(&why, FAULT_PEER, 0, "read settings of database", NULL);
	give_up(&why);
}

static void take(void *arg, const struct message *m, int fd)
{
	struct lookupd *l = arg;

	switch (m->kind) {
	case MESSAGE_DATABASE:
		take_database(l, &m->DATABASE);
		break;
	case MESSAGE_DIRECTORY:
		own_fd_close(&l->dir);
		l->dir = fd;
		break;
	case MESSAGE_SECRET:
		take_secret(l, fd);
		break;
	case MESSAGE_AUTH_LINK:
		own_fd_close(&l->auth);
		l->auth = fd;
		break;
	case MESSAGE_DRAIN:
		l->draining = true;
		break;
	default: /* the table has no other from the parent */
		break;
	}
}

/* ---- questions ---- */

static bool answer(struct lookupd *l, const struct lookup_driver *driver,
		   const struct message_LOOKUP_ASK *ask)
{
	const struct lookup_question q = { ask->user, ask->password, ask->peer,
					   ask->judge > 0 };
	struct lookup_answer *a = &l->answer;
	char text[191];
	struct buf trouble = BUF(text);
	enum database_says says = DATABASE_UNKNOWN;

	*a = (struct lookup_answer){ .fields = BUF(a->room) };
	if (!span_has_any(q.name, "") && !span_has_any(q.password, ""))
		says = driver->ask(l->self, &q, a);
	if (says == DATABASE_RIGHT && a->fields.cut)
		says = DATABASE_DOWN; /* some of its fields would be missing */
	if (says == DATABASE_DOWN || says == DATABASE_WRONG)
		fault_story(&a->why, &trouble);
	if (says != DATABASE_RIGHT)
		a->fields.len = 0;
	const struct message m = {
		.kind = MESSAGE_LOOKUP_IS,
		.LOOKUP_IS = { says, a->why.fault == FAULT_UNSENDABLE,
			       buf_span(&trouble), buf_span(&a->fields) },
	};
	enum fault f = channel_send(l->auth, &m, -1, CHANNEL_NOW);
	if (f == FAULT_UNSENDABLE)
		f = channel_send(
			l->auth,
			&(const struct message){
				.kind = MESSAGE_LOOKUP_IS,
				.LOOKUP_IS = { .says = DATABASE_DOWN, .unfit = true } },
			-1, CHANNEL_NOW);
	secret_wipe(a->room, sizeof a->room);
	return f == FAULT_NONE;
}

static void hear_auth(struct lookupd *l, const struct lookup_driver *driver)
{
	const struct channel auth = channel_of(l->auth, ROLE_AUTH, ROLE_LOOKUP);

	switch (channel_receive(&auth, CHANNEL_NOW, &l->inbox)) {
	case CHANNEL_MESSAGE:
		if (!answer(l, driver, &l->inbox.message.LOOKUP_ASK))
			own_fd_close(&l->auth);
		secret_wipe(&l->inbox, sizeof l->inbox);
		break;
	case CHANNEL_EMPTY:
		break;
	case CHANNEL_CUT:
	case CHANNEL_BROKEN:
		/* Nobody would link this process with poplar-auth again; the next one
		 * is. */
		log_event(LOG_CRIT, "auth-broken");
		_exit(EXIT_FAILURE);
	case CHANNEL_CLOSED:
		own_fd_close(&l->auth);
		break;
	}
}

static _Noreturn void work(struct lookupd *l, const struct lookup_driver *driver)
{
	while (l->auth >= 0 || !l->draining) {
		struct pollfd polls[] = { { l->child.parent, POLLIN, 0 },
					  { l->auth, POLLIN, 0 } };

		if (poll(polls, 2, -1) <= 0)
			continue;
		if (polls[1].revents)
			hear_auth(l, driver);
		if (polls[0].revents && !child_hear(&l->child, take, l))
			l->draining = true;
	}
	_exit(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
	static struct lookupd l = { .dir = -1, .auth = -1 };
	struct why why = { 0 };

	if (argc == 2 && strcmp(argv[1], LOOKUP_REPLY_OPTION) == 0)
		lookup_reply();
	/* Modules and programs of others are not to have it. */
	fcntl(PROC_CHANNEL_FD, F_SETFD, FD_CLOEXEC);
	child_begin(&l.child, ROLE_LOOKUP, argc, argv, take, &l);
	const struct database_settings *s = &l.databases.at[0];
	const struct lookup_driver *driver = l.databases.count == 1 && scheme_start()
						     ? lookup_driver(s->driver)
						     : NULL;
	if (!driver) {
		fault_set(&why, FAULT_SETUP, 0, "find the database's driver", NULL);
		give_up(&why);
	}
	l.self = driver->open(s, l.secret, &why);
	if (!l.self)
		give_up(&why);
	l.child.sandbox = database_sandbox(s);
	child_enter_sandbox(&l.child, l.dir);
	work(&l, driver);
}
