/* role/authd.c - poplar-auth: says who may have which maildrop.
 *
 * Floor 4 (role). Threads in straight-line code that may block. AUTH_ASK messages come
 * from the fronts; a good one makes a socket pair, one end of which goes to the
 * maildrop process inside GRANT and the other back to the front inside AUTH_OK: whoever
 * holds the front's end may use that one maildrop.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "auth/database.h"
#include "auth/place.h"
#include "auth/scheme.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/own.h"
#include "base/secret.h"
#include "ipc/channel.h"
#include "role/child.h"
#include "role/drops.h"
#include "sys/crew.h"
#include "sys/proc.h"

struct authd {
	struct child child;
	struct crew *crew;
	int dir; /* of the users file */
	struct database *databases;
	struct drops drops;
	atomic_uint live; /* links to fronts */
	atomic_bool draining;
	struct crew_post parent;
};

/* ---- the end ---- */

static void maybe_end(struct authd *a)
{
	if (atomic_load(&a->draining) && atomic_load(&a->live) == 0)
		_exit(EXIT_SUCCESS);
}

/* ---- who is it? ---- */

/* Hand the user's maildrop to whoever will hold *out_fd. */
static enum fault grant(struct authd *a, const struct user *user, int *out_fd,
			struct why *why)
{
	const struct settings *s = &a->child.settings;
	ROOM char path[PLACE_PATH_MAX];
	int pair[2];
	enum fault f = place_maildrop(user, s->mail_root, s->maildir, path, why);

	if (f == FAULT_NONE)
		f = channel_pair(pair, why);
	if (f)
		return f;
	OWN_FD ours = pair[0];
	OWN_FD theirs = pair[1];
	const struct message m = { .kind = MESSAGE_GRANT,
				   .GRANT = { user->name, span_of(path) } };
	f = drops_send(&a->drops, user, &m, ours, why);
	if (f == FAULT_NONE)
		*out_fd = TAKE_FD(theirs);
	return f;
}

static enum fault decide(struct authd *a, const struct message_AUTH_ASK *ask,
			 int *out_fd, struct why *why)
{
	OWN_USER found = { 0 };
	enum fault f = database_check(a->databases, ask->user, ask->password, ask->peer,
				      NULL, &found, why);

	if (f)
		return f;
	if (!user_may(&found.user, ask->peer, ask->tls > 0, "USER"))
		return fault_set(why, FAULT_DENIED, 0, NULL, NULL);
	return grant(a, &found.user, out_fd, why);
}

/* The front keeps a refused client waiting until the delay has passed since it asked,
 * so that what took how long in here is not to be seen. Trouble of ours is told at
 * once. */
static bool answer(struct authd *a, int front, const struct message_AUTH_ASK *ask)
{
	struct message m = { .kind = MESSAGE_AUTH_OK, .AUTH_OK = { ask->id } };
	struct why why = { 0 };
	OWN_FD session = -1;
	enum fault f = decide(a, ask, &session, &why);

	if (f) {
		m = (struct message){ .kind = MESSAGE_AUTH_FAILED,
				      .AUTH_FAILED = { ask->id, f, 0 } };
		if (f == FAULT_DENIED)
			m.AUTH_FAILED.delay_ms = a->child.settings.failure_delay;
		else
			log_fault(&why, "login-trouble", LOG_S("user", ask->user));
	}
	return channel_send(front, &m, session, CHANNEL_WAIT) == FAULT_NONE;
}

/* ---- links to fronts ---- */

/* A front's channel. It is watched again before a password is checked, so that others
 * are checked meanwhile: several threads may be using it when it ends. */
struct link {
	struct crew_post post; /* first: a link is a post */
	atomic_uint keepers;
};

static void link_release(struct authd *a, struct link *link)
{
	if (atomic_fetch_sub(&link->keepers, 1) > 1)
		return;
	close(link->post.fd);
	free(link);
	atomic_fetch_sub(&a->live, 1);
	maybe_end(a);
}

static void link_wake(struct crew *crew, struct crew_post *post)
{
	struct authd *a = crew_arg(crew);
	struct link *link = (struct link *)post;
	ROOM struct channel_inbox inbox;
	struct message m;
	int none;

	switch (channel_receive(post->fd, ROLE_FRONT, ROLE_AUTH, CHANNEL_NOW, &inbox,
				&m, &none)) {
	case CHANNEL_MESSAGE:
		break;
	case CHANNEL_EMPTY:
		crew_again(crew, post);
		return;
	case CHANNEL_BROKEN:
		log_event(LOG_CRIT, "front-broken");
		link_release(a, link);
		return;
	case CHANNEL_CLOSED:
		link_release(a, link);
		return;
	}
	atomic_fetch_add(&link->keepers, 1);
	crew_again(crew, post);
	if (!answer(a, post->fd, &m.AUTH_ASK))
		log_event(LOG_ERR, "front-does-not-listen");
	secret_wipe(&inbox, sizeof inbox);
	link_release(a, link);
}

static void link_begin(struct authd *a, int fd)
{
	struct link *link = malloc(sizeof *link);

	if (!link) {
		close(fd);
		return;
	}
	link->post = (struct crew_post){ fd, link_wake };
	atomic_init(&link->keepers, 1);
	atomic_fetch_add(&a->live, 1);
	if (!crew_join(a->crew, &link->post))
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
		link_begin(a, fd);
		break;
	case MESSAGE_DROP_LINK:
		drops_link(&a->drops, &m->DROP_LINK, fd);
		break;
	case MESSAGE_DROP_REFUSED:
		drops_refused(&a->drops, &m->DROP_REFUSED);
		break;
	case MESSAGE_DRAIN:
		atomic_store(&a->draining, true);
		maybe_end(a);
		break;
	default: /* the table has no other from the parent */
		break;
	}
}

static void parent_wake(struct crew *crew, struct crew_post *post)
{
	struct authd *a = crew_arg(crew);

	if (child_hear(&a->child, take, a)) {
		crew_again(crew, post);
		return;
	}
	atomic_store(&a->draining, true);
	maybe_end(a);
}

/* The file's name within its folder: the folder came as a descriptor. */
static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int main(int argc, char **argv)
{
	static struct authd a = { .dir = -1 };

	a.crew = crew_new(&a);
	if (!a.crew)
		return EXIT_FAILURE;
	drops_init(&a.drops, PROC_CHANNEL_FD);
	child_begin(&a.child, ROLE_AUTH, argc, argv, take, &a);
	a.databases = passwdfile_new(a.dir, name_of(a.child.settings.users));
	if (!a.databases || !scheme_start())
		return EXIT_FAILURE;
	child_enter_sandbox(&a.child, a.dir);
	a.parent = (struct crew_post){ PROC_CHANNEL_FD, parent_wake };
	if (!crew_join(a.crew, &a.parent) ||
	    crew_run(a.crew, a.child.settings.auth_threads + 1))
		log_event(LOG_CRIT, "not-started", LOG_T("what", "threads"));
	return EXIT_FAILURE;
}
