/* authd/control.c - poplar-auth's answers to the operator's tool.
 *
 * Prefix: control_. The same databases are asked by the same rules as
 * for a login, by the same threads; nothing is changed, and no failure counts.
 */
#include "authd/control.h"

#include <stdlib.h>
#include <unistd.h>

#include "auth/place.h"
#include "auth/user/scheme.h"
#include "base/buf.h"
#include "base/own.h"
#include "base/secret.h"
#include "ipc/channel.h"

struct testing {
	struct pool_fd post; /* first: it is a post */
	struct logins *logins;
};

/* "doing what: error", for a person; cut where it does not fit. */
static struct span tell(const struct why *why, struct buf *b)
{
	buf_text(b, why->doing ? why->doing : "");
	if (why->what[0]) {
		buf_char(b, ' ');
		buf_put(b, (struct span){ why->what, strnlen(why->what, 100) });
	}
	if (why->sys) {
		buf_text(b, ": ");
		buf_text(b, strerrordesc_np(why->sys));
	}
	return buf_span(b);
}

static void look(void *arg, struct span name)
{
	const struct testing *t = arg;
	const struct message m = { .kind = MESSAGE_TEST_LOOKS, .TEST_LOOKS = { name } };

	fault_ignore(channel_send(t->post.fd, &m, -1, CHANNEL_WAIT));
}

static void say(void *arg, const struct database *db, enum database_says says,
		const struct why *why)
{
	struct testing *t = arg;
	char room[191];
	struct buf text = BUF(room);
	const struct message m = { .kind = MESSAGE_TEST_SAYS,
				   .TEST_SAYS = { span_of(db->name), says,
						  tell(why, &text) } };

	fault_ignore(channel_send(t->post.fd, &m, -1, CHANNEL_WAIT));
}

/* A mechanism that hides the password works only where it is stored in certain ways,
 * which a database that judges by itself does not tell. */
static bool can_use(enum mechanism m, const struct user *user)
{
	const unsigned wants = sasl_wants(m);

	return wants == 0 || (scheme_good_for(user->stored) & wants);
}

static enum fault log_in(struct testing *t, const struct message_TEST_ASK *ask,
			 struct user_found *out, struct why *why)
{
	const struct logins *l = t->logins;
	const struct database_watcher watcher = { look, say, t };
	struct login_rules rules = l->rules;
	const struct login_way way = { (enum mechanism)ask->mechanism, ask->tls > 0,
				       ask->peer };
	rules.watcher = &watcher;
	if (ask->mechanism >= MECHANISM_COUNT ||
	    !(sasl_offers(&l->rules, l->allowed) >> ask->mechanism & 1))
		return fault_set(why, FAULT_NO_MECHANISM, 0, "by the setting",
				 "mechanisms");
	enum fault f = login_by_password(&rules, &way, SPAN(""), ask->user,
					 ask->password, out, why);

	if (f == FAULT_NONE && !can_use(way.mechanism, &out->user))
		return fault_set(why, FAULT_DENIED, 0,
				 "the password is not stored as it must be for",
				 mechanism_name(way.mechanism));
	return f;
}

static enum fault find_place(const struct testing *t, const struct user *u,
			     char path[PLACE_PATH_MAX], struct why *why)
{
	const struct settings *s = t->logins->grants.settings;

	return place_maildrop(u, s->mail_root, s->maildir, path, why);
}

static void answer(struct testing *t, const struct message_TEST_ASK *ask)
{
	OWN_USER found = { 0 };
	struct why why = { 0 };
	char room[191], path[PLACE_PATH_MAX] = "";
	struct buf text = BUF(room);
	OWN_FD session = -1;
	enum fault f = log_in(t, ask, &found, &why);
	const struct user *u = &found.user;

	if (f == FAULT_NONE)
		f = find_place(t, u, path, &why);
	if (f == FAULT_NONE)
		f = grants_look(&t->logins->grants, u, ask->peer, &session, &why);
	const struct message m = { .kind = MESSAGE_TEST_IS,
				   .TEST_IS = { f, tell(&why, &text), u->name,
						span_of(f ? "" : path), u->has_uid,
						u->uid } };
	fault_ignore(channel_send(t->post.fd, &m, -1, CHANNEL_WAIT));
	if (session >= 0)
		fault_ignore(channel_send(
			t->post.fd,
			&(const struct message){ .kind = MESSAGE_TEST_DROP }, session,
			CHANNEL_WAIT));
}

static void ignore(void *arg, const struct database *db, enum database_says says,
		   const struct why *why)
{
	(void)arg, (void)db, (void)says, (void)why;
}

/* Who is it, and what is asked of the user? Nobody has shown a password, nor wants to
 * come in. Watched, so that it is not answered from memory. */
static enum fault find(const struct testing *t, struct span name,
		       char path[PLACE_PATH_MAX], struct policy *out, struct why *why)
{
	const struct database_watcher watcher = { NULL, ignore, NULL };
	const struct settings *s = t->logins->grants.settings;
	const struct policy_site site = settings_policy(s);
	struct login_rules rules = t->logins->rules;
	OWN_USER found = { 0 };

	rules.watcher = &watcher;
	enum fault f = login_find(&rules, name, &found, why);
	if (f)
		return f;
	const struct user *u = &found.user;
	*out = policy_of(&site, u->has_delay, u->has_expire, &u->policy);
	return find_place(t, u, path, why);
}

static bool tell_found(const struct testing *t, const struct message_FIND_ASK *ask)
{
	struct why why = { 0 };
	struct policy p = { 0 };
	char room[191], path[PLACE_PATH_MAX] = "";
	struct buf text = BUF(room);
	enum fault f = find(t, ask->user, path, &p, &why);
	const struct message m = { .kind = MESSAGE_FIND_IS,
				   .FIND_IS = { f, tell(&why, &text),
						span_of(f ? "" : path), p.login_delay,
						p.unread, p.retrieved } };

	return channel_send(t->post.fd, &m, -1, CHANNEL_WAIT) == FAULT_NONE;
}

/* True: the tool may ask more. */
static bool hear(struct testing *t, const struct message *m)
{
	if (m->kind == MESSAGE_FIND_ASK)
		return tell_found(t, &m->FIND_ASK);
	answer(t, &m->TEST_ASK);
	return false;
}

static void end(struct testing *t)
{
	close(t->post.fd);
	free(t);
}

static void wake(struct pool *pool, struct pool_fd *post)
{
	struct testing *t = (struct testing *)post;
	const struct channel tool = channel_of(post->fd, ROLE_TOOL, ROLE_AUTH);
	ROOM struct channel_inbox inbox;
	bool on = false;

	switch (channel_receive(&tool, CHANNEL_NOW, &inbox)) {
	case CHANNEL_EMPTY:
		on = true;
		break;
	case CHANNEL_MESSAGE:
		on = hear(t, &inbox.message);
		break;
	case CHANNEL_CUT:
	case CHANNEL_CLOSED:
	case CHANNEL_BROKEN:
		break;
	}
	secret_wipe(&inbox, sizeof inbox);
	if (on)
		pool_again(pool, post);
	else
		end(t);
}

void control_begin(struct pool *pool, int fd, struct logins *logins)
{
	struct testing *t = malloc(sizeof *t);

	if (!t) {
		close(fd);
		return;
	}
	*t = (struct testing){ { fd, wake }, logins };
	if (!pool_watch(pool, &t->post))
		end(t);
}
