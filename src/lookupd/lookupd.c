/* lookupd/lookupd.c - poplar-lookup: asks one database of users.
 *
 * One thread, one question at a time. The database's library or program runs in this
 * process alone: if it hangs or crashes, only the question that it works on fails.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "auth/user/scheme.h"
#include "base/log.h"
#include "base/own.h"
#include "child/child.h"
#include "lookupd/questions.h"
#include "sys/file.h"
#include "sys/proc.h"

enum { SECRET_OCTETS_MAX = 4096 };

struct lookupd {
	struct child child;         /* first: poplar-lookup is a child */
	struct databases databases; /* has one entry */
	int dir;                    /* the folder that stays readable; -1: none */
	char *secret;               /* password of the database's own user */
	bool draining;
	struct questions questions;
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
	questions_from(&l->questions, files->at[0]);
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

/* ---- main ---- */

static _Noreturn void work(struct lookupd *l)
{
	struct questions *q = &l->questions;

	while (q->auth.fd >= 0 || !l->draining) {
		struct pollfd polls[] = { { l->child.parent.fd, POLLIN, 0 },
					  { q->auth.fd, POLLIN, 0 } };

		if (poll(polls, 2, -1) <= 0)
			continue;
		/* poplard makes the link to poplar-auth only when it starts a process.
		 * So this process ends, and poplard starts another one. */
		if (polls[1].revents && !questions_hear(q))
			_exit(EXIT_FAILURE);
		if (polls[0].revents && !child_hear(&l->child))
			l->draining = true;
	}
	_exit(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
	static struct lookupd l = { .dir = -1, .questions.auth.fd = -1 };
	struct questions *q = &l.questions;
	struct why why = { 0 };

	if (argc == 2 && strcmp(argv[1], LOOKUP_REPLY_OPTION) == 0)
		lookup_reply();
	/* Programs that the driver starts must not inherit the channel to poplard. */
	fcntl(PROC_CHANNEL_FD, F_SETFD, FD_CLOEXEC);
	child_begin(&l.child, ROLE_LOOKUP, argc, argv, &from_parent);
	const struct database_settings *s = &l.databases.at[0];
	if (l.databases.count == 1 && scheme_start())
		q->driver = lookup_driver(s->driver);
	if (!q->driver) {
		fault_set(&why, FAULT_SETUP, 0, "find the database's driver", NULL);
		give_up(&why);
	}
	q->self = q->driver->open(s, l.secret, &why);
	if (!q->self)
		give_up(&why);
	l.child.sandbox = database_sandbox(s);
	child_enter_sandbox(&l.child, l.dir);
	work(&l);
}
