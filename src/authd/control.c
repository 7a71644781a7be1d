/* authd/control.c - poplar-auth's answers to the operator's tool.
 *
 * Prefix: control_. A thread of the pool asks the same databases by the same rules as
 * for a login. It changes nothing, and a failure delays nobody.
 */
#include "authd/control.h"

#include <stdlib.h>
#include <unistd.h>

#include "auth/user/scheme.h"
#include "base/buf.h"
#include "base/own.h"
#include "base/secret.h"
#include "ipc/dispatch.h"

/* The tool's channel. */
struct tool {
	struct pool_fd watched; /* first, so that the pool hands it to wake() */
	struct channel channel;
	struct logins *logins;
};

/* The story of a fault as the tool shows it. */
static struct span story(const struct why *why, struct buf *b)
{
	fault_story(why, b);
	return buf_span(b);
}

static void look(void *arg, struct span name)
{
	const struct tool *t = arg;
	const struct message m = { .kind = MESSAGE_TEST_LOOKS, .TEST_LOOKS = { name } };

	fault_ignore(channel_send(t->watched.fd, &m, -1, CHANNEL_WAIT));
}

static void say(void *arg, const struct database *db, enum database_says says,
		const struct why *why)
{
	struct tool *t = arg;
	char room[191];
	struct buf text = BUF(room);
	const struct message m = { .kind = MESSAGE_TEST_SAYS,
				   .TEST_SAYS = { span_of(db->name), says,
						  story(why, &text) } };

	fault_ignore(channel_send(t->watched.fd, &m, -1, CHANNEL_WAIT));
}

/* Can the user log in by this mechanism? One that does not show the password needs it
 * to be stored in certain ways, which a database that judges passwords itself never
 * tells. */
static bool can_use(enum mechanism m, const struct user *user)
{
	const unsigned wants = sasl_wants(m);

	return wants == 0 || (scheme_good_for(user->stored) & wants);
}

static enum fault log_in(struct tool *t, const struct message_TEST_ASK *ask,
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

/* `path`: of the user's maildrop. After a fault it does not count. */
static void tell_end(const struct tool *t, const struct user *u, const char *path,
		     const struct why *why)
{
	const struct quota quota = grants_quota(&t->logins->grants, u);
	char room[191];
	struct buf text = BUF(room);
	const struct message m = { .kind = MESSAGE_TEST_IS,
				   .TEST_IS = { why->fault, story(why, &text), u->name,
						span_of(why->fault ? "" : path),
						u->has_uid, u->uid, quota.octets,
						quota.messages } };

	fault_ignore(channel_send(t->watched.fd, &m, -1, CHANNEL_WAIT));
}

static void answer_test(struct tool *t, const struct message_TEST_ASK *ask)
{
	OWN_USER found = { 0 };
	struct why why = { 0 };
	char path[PLACE_PATH_MAX] = "";
	OWN_FD session = -1;
	enum fault f = log_in(t, ask, &found, &why);
	const struct user *u = &found.user;

	if (f == FAULT_NONE)
		f = grants_place(&t->logins->grants, u, path, &why);
	if (f == FAULT_NONE)
		f = grants_look(&t->logins->grants, u, ask->peer, &session, &why);
	if (f == FAULT_NONE)
		why = (struct why){ 0 };
	tell_end(t, u, path, &why);
	if (session >= 0)
		fault_ignore(channel_send(
			t->watched.fd,
			&(const struct message){ .kind = MESSAGE_TEST_DROP }, session,
			CHANNEL_WAIT));
}

/* Ask as poplar-lmtp does, but grant nothing. */
static void answer_recipient(struct tool *t, struct span address)
{
	const struct logins *l = t->logins;
	const struct database_watcher watcher = { look, say, t };
	struct login_rules login = l->rules;
	struct recipient_rules rules = l->recipients;
	OWN_USER found = { 0 };
	struct why why = { 0 };
	char path[PLACE_PATH_MAX] = "";

	login.watcher = &watcher;
	rules.login = &login;
	if (recipient_find(&rules, address, &found, &why) == FAULT_NONE)
		fault_ignore(grants_place(&l->grants, &found.user, path, &why));
	tell_end(t, &found.user, path, &why);
}

/* Find a user without a password, with its maildrop, policy and quota. */
static enum fault find(const struct tool *t, struct span name,
		       char path[PLACE_PATH_MAX], struct buf *format,
		       struct message_FIND_IS *out, struct why *why)
{
	const struct settings *s = t->logins->grants.settings;
	const struct policy_site site = settings_policy(s);
	OWN_USER found = { 0 };

	enum fault f = login_find(&t->logins->rules, name, &found, why);
	if (f)
		return f;
	const struct user *u = &found.user;
	const struct policy p =
		policy_of(&site, u->has_delay, u->has_expire, &u->policy);
	const struct quota quota = grants_quota(&t->logins->grants, u);
	*out = (struct message_FIND_IS){ .login_delay = p.login_delay,
					 .unread = p.unread,
					 .retrieved = p.retrieved,
					 .quota_octets = quota.octets,
					 .quota_messages = quota.messages };
	buf_put(format, grants_uidl_format(&t->logins->grants, u));
	out->uidl_format = buf_span(format);
	return grants_place(&t->logins->grants, u, path, why);
}

static bool answer_find(const struct tool *t, const struct message_FIND_ASK *ask)
{
	struct why why = { 0 };
	char room[191], path[PLACE_PATH_MAX] = "", format_room[127];
	struct buf text = BUF(room), format = BUF(format_room);
	struct message m = { .kind = MESSAGE_FIND_IS };

	m.FIND_IS.fault = find(t, ask->user, path, &format, &m.FIND_IS, &why);
	m.FIND_IS.trouble = story(&why, &text);
	m.FIND_IS.path = span_of(why.fault ? "" : path);
	return channel_send(t->watched.fd, &m, -1, CHANNEL_WAIT) == FAULT_NONE;
}

static bool on_find(void *arg, const struct message *m, struct channel_files *none)
{
	(void)none;
	return answer_find(arg, &m->FIND_ASK);
}

static bool on_test(void *arg, const struct message *m, struct channel_files *none)
{
	(void)none;
	answer_test(arg, &m->TEST_ASK);
	return false;
}

static bool on_recipient(void *arg, const struct message *m, struct channel_files *none)
{
	(void)none;
	answer_recipient(arg, m->TEST_RECIPIENT.address);
	return false;
}

#define HEARS_TOOL(X)                                                                  \
	X(FIND_ASK, on_find) X(TEST_ASK, on_test) X(TEST_RECIPIENT, on_recipient)
DISPATCH(from_tool, TOOL, AUTH, HEARS_TOOL);

static void end(struct tool *t)
{
	close(t->watched.fd);
	free(t);
}

static void wake(struct pool *pool, struct pool_fd *post)
{
	struct tool *t = (struct tool *)post;
	ROOM struct channel_inbox inbox;
	bool on = false;

	switch (channel_receive(&t->channel, CHANNEL_NOW, &inbox)) {
	case CHANNEL_EMPTY:
		on = true;
		break;
	case CHANNEL_MESSAGE:
		on = dispatch(&from_tool, t, &inbox);
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
	struct tool *t = malloc(sizeof *t);

	if (!t) {
		close(fd);
		return;
	}
	*t = (struct tool){ { fd, wake },
			    channel_of(fd, ROLE_TOOL, ROLE_AUTH),
			    logins };
	if (!pool_watch(pool, &t->watched))
		end(t);
}
