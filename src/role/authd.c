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

#include "auth/gssapi.h"
#include "auth/place.h"
#include "auth/scheme.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/own.h"
#include "base/secret.h"
#include "ipc/channel.h"
#include "role/authtest.h"
#include "role/child.h"
#include "role/drops.h"
#include "role/exchanges.h"
#include "role/lookups.h"
#include "sys/crew.h"
#include "sys/proc.h"

struct authd {
	struct child child;
	struct crew *crew, *errands; /* errands: what the parent brings */
	struct login_rules rules;
	unsigned allowed; /* mechanisms, bits */
	struct exchanges exchanges;
	int dir;                                   /* of the users file */
	struct database *databases[DATABASES_MAX]; /* a list, too, from the first on */
	struct lookups lookups;
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
				   .GRANT = { user->read_only, user->name,
					      span_of(path) } };
	f = drops_send(&a->drops, user, &m, ours, why);
	if (f == FAULT_NONE)
		*out_fd = TAKE_FD(theirs);
	return f;
}

/* ---- links to fronts ---- */

/* A front's channel. It is watched again before a password is checked, so that others
 * are checked meanwhile: several threads may be using it when it ends. */
struct link {
	struct crew_post post; /* first: a link is a post */
	atomic_uint keepers;
	atomic_uint told; /* the mechanisms that the front knows of */
};

static bool say(const struct link *link, const struct message *m, int pass)
{
	return channel_send(link->post.fd, m, pass, CHANNEL_WAIT) == FAULT_NONE;
}

/* Tell the front what can be checked, if it does not know. */
static bool tell_offers(struct authd *a, struct link *link)
{
	const unsigned offers = sasl_offers(&a->rules, a->allowed);
	const struct message m = { .kind = MESSAGE_AUTH_OFFERS,
				   .AUTH_OFFERS = { offers } };

	return atomic_exchange(&link->told, offers) == offers || say(link, &m, -1);
}

/* The front keeps a refused client waiting until the delay has passed since it asked,
 * so that what took how long in here is not to be seen. Trouble of ours is told at
 * once. */
static bool tell_refused(const struct authd *a, const struct link *link, uint64_t id,
			 struct span user, const struct why *why)
{
	const bool denied = why->fault == FAULT_DENIED;
	const struct message m = {
		.kind = MESSAGE_AUTH_FAILED,
		.AUTH_FAILED = { id, why->fault,
				 denied ? a->child.settings.failure_delay : 0, user },
	};

	if (!denied && why->fault != FAULT_BAD_RESPONSE)
		log_fault(why, "login-trouble", LOG_S("user", user));
	return say(link, &m, -1);
}

static bool tell_in(struct authd *a, const struct link *link, uint64_t id,
		    const struct user *user)
{
	struct why why = { 0 };
	OWN_FD session = -1;
	const struct message m = { .kind = MESSAGE_AUTH_OK,
				   .AUTH_OK = { id, user->name } };

	if (grant(a, user, &session, &why))
		return tell_refused(a, link, id, user->name, &why);
	return say(link, &m, session);
}

/* ---- PASS and APOP: one question, one answer ---- */

static bool check_at_once(struct authd *a, const struct link *link,
			  const struct message_AUTH_ASK *ask,
			  const struct login_way *way)
{
	struct why why = { 0 };
	OWN_USER found = { 0 };
	enum fault f = way->mechanism == MECHANISM_ID_APOP
			       ? login_by_digest(&a->rules, way, ask->user,
						 ask->timestamp, ask->response, &found,
						 &why)
			       : login_by_password(&a->rules, way, SPAN(""), ask->user,
						   ask->response, &found, &why);

	if (f)
		return tell_refused(a, link, ask->id, ask->user, &why);
	return tell_in(a, link, ask->id, &found.user);
}

/* ---- SASL ---- */

static bool go_on(struct authd *a, const struct link *link, struct exchange_key key,
		  struct sasl *sasl, struct span response)
{
	const uint64_t id = key.id;
	char text[4 * SASL_CHALLENGE_MAX / 3 + 1];
	struct buf challenge = BUF(text);
	struct why why = { 0 };
	OWN_USER found = { 0 };
	bool heard = true;

	switch (sasl_step(sasl, response, &challenge, &found, &why)) {
	case SASL_MORE:
		if (!exchanges_put(&a->exchanges, key, sasl)) {
			fault_set(&why, FAULT_NOMEM, 0, "go on", "exchange");
			heard = tell_refused(a, link, id, sasl_claims(sasl), &why);
			break;
		}
		return say(
			link,
			&(struct message){ .kind = MESSAGE_AUTH_MORE,
					   .AUTH_MORE = { id,
							  key.exchange,
							  { text, challenge.len } } },
			-1);
	case SASL_IN:
		heard = tell_in(a, link, id, &found.user);
		break;
	case SASL_OUT:
		heard = tell_refused(a, link, id, sasl_claims(sasl), &why);
		break;
	}
	sasl_free(sasl);
	return heard;
}

/* An empty response is there, though it points nowhere. */
static struct span or_empty(struct span response)
{
	return response.len > 0 ? response : SPAN("");
}

static bool begin(struct authd *a, const struct link *link,
		  const struct message_AUTH_ASK *ask)
{
	const struct login_way way = { (enum mechanism)ask->mechanism, ask->tls > 0,
				       ask->peer };
	const struct sasl_channel channel = { ask->exporter, ask->unique,
					      ask->certificate };
	struct why why = { 0 };
	struct sasl *sasl;

	if (!(mechanism_needs(way.mechanism) & MECHANISM_SASL))
		return check_at_once(a, link, ask, &way);
	sasl = sasl_new(&a->rules, &way, &channel);
	if (!sasl) {
		fault_set(&why, FAULT_NOMEM, 0, "begin", "exchange");
		return tell_refused(a, link, ask->id, SPAN(""), &why);
	}
	return go_on(a, link, (struct exchange_key){ link, ask->id, ask->exchange },
		     sasl,
		     ask->has_response ? or_empty(ask->response) : (struct span){ 0 });
}

static bool next(struct authd *a, const struct link *link,
		 const struct message_AUTH_NEXT *m)
{
	const struct exchange_key key = { link, m->id, m->exchange };
	struct sasl *sasl = exchanges_take(&a->exchanges, key);
	struct why why = { 0 };

	if (sasl)
		return go_on(a, link, key, sasl, or_empty(m->response));
	fault_set(&why, FAULT_PEER, 0, "go on", "exchange");
	return tell_refused(a, link, m->id, SPAN(""), &why);
}

static bool hear(struct authd *a, struct link *link, const struct message *m)
{
	switch (m->kind) {
	case MESSAGE_AUTH_ASK:
		return m->AUTH_ASK.mechanism < MECHANISM_COUNT &&
		       (a->allowed >> m->AUTH_ASK.mechanism & 1) &&
		       begin(a, link, &m->AUTH_ASK) && tell_offers(a, link);
	case MESSAGE_AUTH_NEXT:
		return next(a, link, &m->AUTH_NEXT);
	case MESSAGE_AUTH_CANCEL:
		sasl_free(exchanges_take(
			&a->exchanges,
			(struct exchange_key){ link, m->AUTH_CANCEL.id,
					       m->AUTH_CANCEL.exchange }));
		return true;
	default: /* the table has AUTH_WHICH beside them */
		return tell_offers(a, link);
	}
}

static void link_release(struct authd *a, struct link *link)
{
	if (atomic_fetch_sub(&link->keepers, 1) > 1)
		return;
	exchanges_forget(&a->exchanges, link);
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
	case CHANNEL_CUT:
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
	if (!hear(a, link, &m))
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
	atomic_init(&link->told, 0);
	atomic_fetch_add(&a->live, 1);
	if (!crew_join(a->crew, &link->post))
		link_release(a, link);
}

/* ---- databases ---- */

static _Noreturn void give_up(const char *what)
{
	log_event(LOG_CRIT, "not-started", LOG_T("what", what));
	_exit(EXIT_FAILURE);
}

/* The file's name within its folder: the folder came as a descriptor. */
static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* They come in the order in which they are asked. */
static void add_database(struct authd *a, const struct message_DATABASE *m)
{
	struct databases *all = &a->child.settings.databases;
	struct database_settings *s = databases_add(all, m->name);
	struct database *db;

	if (!s || rows_unpack(database_rows(), s, ROLE_AUTH, m->values))
		give_up("settings of a database cannot be read");
	if (database_is_asked(s))
		db = lookups_new(&a->lookups, s);
	else
		db = passwdfile_new(
			a->dir, name_of(*s->path ? s->path : a->child.settings.users));
	if (!db)
		give_up("out of memory");
	db->name = s->name;
	db->stop_unknown = s->if_unknown == IF_FAIL;
	db->stop_wrong = s->if_wrong == IF_FAIL;
	a->databases[all->count - 1] = db;
	if (all->count > 1)
		a->databases[all->count - 2]->next = db;
}

static void add_lookup(struct authd *a, const struct message_LOOKUP_LINK *m, int fd)
{
	const struct databases *all = &a->child.settings.databases;

	if (m->database < all->count && database_is_asked(&all->at[m->database]))
		lookups_link(a->databases[m->database], m->number, fd);
	else
		close(fd);
}

/* One for each question that may be waited for in a process, so that those cost nobody
 * else a thread. */
static unsigned thread_count(const struct settings *s)
{
	unsigned count = s->auth_threads;

	for (unsigned i = 0; i < s->databases.count; i++)
		if (database_is_asked(&s->databases.at[i]))
			count += s->databases.at[i].processes;
	return count;
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
	case MESSAGE_DATABASE:
		add_database(a, &m->DATABASE);
		break;
	case MESSAGE_CONTROL:
		authtest_begin(a->crew, fd, a->databases[0], &a->child.settings);
		break;
	case MESSAGE_LOOKUP_LINK:
		add_lookup(a, &m->LOOKUP_LINK, fd);
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

static bool make_rules(struct authd *a)
{
	const struct settings *s = &a->child.settings;

	a->rules = (struct login_rules){
		.databases = a->databases[0],
		.default_domain = span_of(s->default_domain),
		.fold = s->fold_names,
		.master_separator = s->master_separator[0],
		.anonymous = span_of(s->anonymous_user),
		.realm = s->gssapi_realm,
	};
	return a->rules.databases && settings_mechanisms(&s->mechanisms, &a->allowed);
}

/* A server without its keys is of use to all others. */
static void start_gssapi(struct authd *a)
{
	struct why why = { 0 };

	if ((a->allowed & MECHANISM_BIT(GSSAPI)) &&
	    gssapi_start(a->child.settings.gssapi_keytab, &why))
		log_fault(&why, "gssapi-unusable");
}

/* The parent is heard by a thread of its own: what it brings may be what all the others
 * wait for. */
static void *serve_parent(void *arg)
{
	struct authd *a = arg;

	fault_ignore(crew_run(a->errands, 1));
	return NULL;
}

int main(int argc, char **argv)
{
	static struct authd a = { .dir = -1 };
	pthread_t thread;

	a.crew = crew_new(&a);
	a.errands = crew_new(&a);
	if (!a.crew || !a.errands)
		return EXIT_FAILURE;
	drops_init(&a.drops, PROC_CHANNEL_FD);
	exchanges_init(&a.exchanges);
	lookups_init(&a.lookups, PROC_CHANNEL_FD);
	child_begin(&a.child, ROLE_AUTH, argc, argv, take, &a);
	if (!make_rules(&a))
		return EXIT_FAILURE;
	start_gssapi(&a);
	if (!scheme_start() || !login_start() || !sasl_start())
		return EXIT_FAILURE;
	a.lookups.patient = (a.child.settings.auth_threads + 1) / 2;
	if (gssapi_host())
		a.child.sandbox = SANDBOX_AUTH_GSSAPI;
	child_enter_sandbox(&a.child, a.dir);
	a.parent = (struct crew_post){ PROC_CHANNEL_FD, parent_wake };
	if (!crew_join(a.errands, &a.parent) ||
	    pthread_create(&thread, NULL, serve_parent, &a) != 0 ||
	    crew_run(a.crew, thread_count(&a.child.settings)))
		log_event(LOG_CRIT, "not-started", LOG_T("what", "threads"));
	return EXIT_FAILURE;
}
