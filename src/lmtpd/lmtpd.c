/* lmtpd/lmtpd.c - poplar-lmtp: takes mail from mail transfer agents.
 *
 * The process has no file system and no database of users, and may open nothing:
 * poplard, poplar-auth and poplar-drop send it descriptors. It serves no client yet: it
 * closes what it is sent.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/own.h"
#include "child/child.h"
#include "sys/loop.h"

struct lmtp {
	struct child child; /* first: poplar-lmtp is a child */
	struct loop loop;
	struct loop_watch parent;
	int auth; /* the link to poplar-auth; -1: none */
};

static bool take_nothing(void *arg, const struct message *m,
			 struct channel_files *files)
{
	(void)arg, (void)m;
	close(files->at[0]);
	return true;
}

static bool hear_auth_link(void *arg, const struct message *m,
			   struct channel_files *files)
{
	struct lmtp *l = arg;

	(void)m;
	own_fd_close(&l->auth);
	l->auth = files->at[0];
	return true;
}

static bool hear_ticket_keys(void *arg, const struct message *m,
			     struct channel_files *none)
{
	(void)arg, (void)m, (void)none;
	return true;
}

static bool hear_end(void *arg, const struct message *m, struct channel_files *none)
{
	(void)arg, (void)m, (void)none;
	_exit(EXIT_SUCCESS);
}

#define HEARS_PARENT(X)                                                                \
	CHILD_HEARS(X)                                                                 \
	X(LISTENER, take_nothing)                                                      \
	X(TLS_FILES, take_nothing)                                                     \
	X(TICKET_KEYS, hear_ticket_keys)                                               \
	X(CONNLIMIT, take_nothing)                                                     \
	X(AUTH_LINK, hear_auth_link)                                                   \
	X(DRAIN, hear_end)                                                             \
	X(STOP, hear_end)
DISPATCH(from_parent, PARENT, LMTP, HEARS_PARENT);

static void on_parent(struct loop_watch *watch, unsigned events)
{
	struct lmtp *l = LOOP_OWNER(watch, struct lmtp, parent);

	(void)events;
	if (!child_hear(&l->child))
		_exit(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
	static struct lmtp l = { .auth = -1 };

	if (!loop_init(&l.loop))
		return EXIT_FAILURE;
	child_begin(&l.child, ROLE_LMTP, argc, argv, &from_parent);
	child_enter_sandbox(&l.child, -1);
	l.parent = (struct loop_watch){ .fd = l.child.parent.fd, .wake = on_parent };
	if (!loop_watch(&l.loop, &l.parent, LOOP_READ))
		return EXIT_FAILURE;
	loop_run(&l.loop);
	_exit(EXIT_SUCCESS);
}
