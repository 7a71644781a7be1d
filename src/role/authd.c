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
#include "auth/scheme.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/own.h"
#include "base/secret.h"
#include "ipc/channel.h"
#include "role/authtest.h"
#include "role/brake.h"
#include "role/child.h"
#include "role/exchanges.h"
#include "role/grants.h"
#include "role/tokens.h"
#include "role/userbases.h"
#include "sys/crew.h"
#include "sys/proc.h"

struct authd {
	struct child child;
	struct crew *crew, *errands; /* errands: what the parent brings */
	struct login_rules rules;
	struct brake brake;
	unsigned allowed; /* mechanisms, bits */
	struct exchanges exchanges;
	int dir; /* of the users file */
	struct userbases userbases;
	struct grants grants;
	atomic_uint live;     /* links to fronts */
	atomic_ullong linked; /* ... that there have been */
	atomic_bool draining;
	struct crew_post parent;
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
	struct crew_post post; /* first: a link is a post */
	uint64_t number;
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

/* Who asks: an attempt that is delayed has its question asked once more. */
struct attempt {
	struct exchange_key key;
	struct span peer;
	bool waited;
};

/* Must it wait before it is looked at? The front holds it then, told by *out, and asks
 * again. */
static bool must_wait(struct authd *a, const struct attempt *at, struct span user,
		      struct message *out)
{
	uint32_t ms = at->waited ? 0 : brake_ask(&a->brake, at->peer, user);

	*out = (struct message){ .kind = MESSAGE_AUTH_LATER,
				 .AUTH_LATER = { at->key.id, at->key.exchange, ms } };
	return ms > 0;
}

/* The front keeps a refused client waiting until the delay has passed since it asked,
 * so that what took how long in here is not to be seen. Trouble of ours is told at
 * once. */
static bool tell_refused(struct authd *a, const struct attempt *at, struct span user,
			 const struct why *why)
{
	const bool denied = why->fault == FAULT_DENIED;
	uint32_t ms = denied ? brake_denied(&a->brake, at->peer, user, at->waited) : 0;
	const struct message m = { .kind = MESSAGE_AUTH_FAILED,
				   .AUTH_FAILED = { at->key.id, why->fault, ms,
						    user } };

	if (!denied && why->fault != FAULT_BAD_RESPONSE)
		log_fault(why, "login-trouble", LOG_S("user", user));
	return say(at->key.link, &m, -1);
}

static bool tell_in(struct authd *a, const struct attempt *at, struct span proved,
		    const struct user *user)
{
	const struct link *link = at->key.link;
	const struct badge_holder holder = { link->number, at->key.id };
	ROOM char room[BADGE_OCTETS_MAX];
	struct buf badge = BUF(room);
	struct why why = { 0 };
	OWN_FD session = -1;

	brake_good(&a->brake, at->peer, proved);
	if (grants_own(&a->grants, holder, user, at->peer, &badge, &session, &why))
		return tell_refused(a, at, user->name, &why);
	return say(link,
		   &(struct message){
			   .kind = MESSAGE_AUTH_OK,
			   .AUTH_OK = { at->key.id, user->name, buf_span(&badge) } },
		   session);
}

/* ---- boards ---- */

/* Whoever has been let in asks for another maildrop. */
static bool give_board(struct authd *a, const struct link *link,
		       const struct message_BOARD_ASK *ask)
{
	const struct badge_holder holder = { link->number, ask->id };
	struct why why = { 0 };
	char room[LOGIN_NAME_OCTETS];
	struct buf name = BUF(room);
	OWN_FD session = -1;
	enum fault f = grants_board(&a->grants, holder, ask, &name, &session, &why);

	if (f == FAULT_NONE)
		return say(
			link,
			&(struct message){ .kind = MESSAGE_BOARD_OK,
					   .BOARD_OK = { ask->id, buf_span(&name) } },
			session);
	if (f != FAULT_NO_BOARD)
		log_fault(&why, "board-trouble", LOG_S("board", ask->name));
	return say(link,
		   &(struct message){ .kind = MESSAGE_BOARD_FAILED,
				      .BOARD_FAILED = { ask->id, f } },
		   -1);
}

/* ---- PASS and APOP: one question, one answer ---- */

static bool check_at_once(struct authd *a, const struct attempt *at,
			  const struct message_AUTH_ASK *ask,
			  const struct login_way *way)
{
	struct why why = { 0 };
	OWN_USER found = { 0 };
	struct message later;

	if (must_wait(a, at, ask->user, &later))
		return say(at->key.link, &later, -1);
	enum fault f = way->mechanism == MECHANISM_ID_APOP
			       ? login_by_digest(&a->rules, way, ask->user,
						 ask->timestamp, ask->response, &found,
						 &why)
			       : login_by_password(&a->rules, way, SPAN(""), ask->user,
						   ask->response, &found, &why);

	if (f)
		return tell_refused(a, at, ask->user, &why);
	return tell_in(a, at, ask->user, &found.user);
}

/* ---- SASL ---- */

/* Keep the exchange for what the front will ask when it has been told `m`. */
static bool tell_more(struct authd *a, const struct attempt *at, struct sasl *sasl,
		      const struct message *m)
{
	struct why why = { 0 };

	if (exchanges_put(&a->exchanges, at->key, sasl))
		return say(at->key.link, m, -1);
	fault_set(&why, FAULT_NOMEM, 0, "go on", "exchange");
	bool heard = tell_refused(a, at, sasl_claims(sasl), &why);
	sasl_free(sasl);
	return heard;
}

static bool go_on(struct authd *a, const struct attempt *at, struct sasl *sasl,
		  struct span response)
{
	char text[4 * SASL_CHALLENGE_MAX / 3 + 1], claim[LOGIN_NAME_OCTETS + 1];
	struct buf challenge = BUF(text);
	struct why why = { 0 };
	OWN_USER found = { 0 };
	struct message m;
	bool heard = true;

	if (sasl_claim(sasl, response, claim) && must_wait(a, at, span_of(claim), &m))
		return tell_more(a, at, sasl, &m);
	switch (sasl_step(sasl, response, &challenge, &found, &why)) {
	case SASL_MORE:
		m = (struct message){ .kind = MESSAGE_AUTH_MORE,
				      .AUTH_MORE = { at->key.id,
						     at->key.exchange,
						     { text, challenge.len } } };
		return tell_more(a, at, sasl, &m);
	case SASL_IN:
		heard = tell_in(a, at, sasl_proved(sasl), &found.user);
		break;
	case SASL_OUT:
		heard = tell_refused(a, at, sasl_claims(sasl), &why);
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
	const struct attempt at = { { link, ask->id, ask->exchange },
				    ask->peer,
				    ask->waited > 0 };
	struct why why = { 0 };
	struct sasl *sasl;

	if (!(mechanism_needs(way.mechanism) & MECHANISM_SASL))
		return check_at_once(a, &at, ask, &way);
	sasl = sasl_new(&a->rules, &way, &channel);
	if (!sasl) {
		fault_set(&why, FAULT_NOMEM, 0, "begin", "exchange");
		return tell_refused(a, &at, SPAN(""), &why);
	}
	return go_on(a, &at, sasl,
		     ask->has_response ? or_empty(ask->response) : (struct span){ 0 });
}

static bool next(struct authd *a, const struct link *link,
		 const struct message_AUTH_NEXT *m)
{
	struct attempt at = { { link, m->id, m->exchange }, SPAN(""), m->waited > 0 };
	struct sasl *sasl = exchanges_take(&a->exchanges, at.key);
	struct why why = { 0 };

	if (!sasl) {
		fault_set(&why, FAULT_PEER, 0, "go on", "exchange");
		return tell_refused(a, &at, SPAN(""), &why);
	}
	at.peer = sasl_peer(sasl);
	return go_on(a, &at, sasl, or_empty(m->response));
}

static void cancel(struct authd *a, struct exchange_key key)
{
	struct sasl *sasl = exchanges_take(&a->exchanges, key);

	if (sasl && sasl_has_failed(sasl))
		brake_denied(&a->brake, sasl_peer(sasl), sasl_claims(sasl), false);
	sasl_free(sasl);
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
		cancel(a, (struct exchange_key){ link, m->AUTH_CANCEL.id,
						 m->AUTH_CANCEL.exchange });
		return true;
	case MESSAGE_BOARD_ASK:
		return give_board(a, link, &m->BOARD_ASK);
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
	link->number = atomic_fetch_add(&a->linked, 1);
	atomic_init(&link->keepers, 1);
	atomic_init(&link->told, 0);
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
	case MESSAGE_DATABASE:
		userbases_add(&a->userbases, &a->child.settings, a->dir, &m->DATABASE);
		break;
	case MESSAGE_BOARD:
		if (!grants_add_board(&a->child.settings, &m->BOARD)) {
			log_event(LOG_CRIT, "not-started",
				  LOG_T("what", "settings of a board cannot be read"));
			_exit(EXIT_FAILURE);
		}
		break;
	case MESSAGE_CONTROL:
		authtest_begin(a->crew, fd, &a->rules, &a->child.settings);
		break;
	case MESSAGE_LOOKUP_LINK:
		userbases_link(&a->userbases, &a->child.settings, &m->LOOKUP_LINK, fd);
		break;
	case MESSAGE_DROP_LINK:
		drops_link(&a->grants.drops, &m->DROP_LINK, fd);
		break;
	case MESSAGE_DROP_REFUSED:
		drops_refused(&a->grants.drops, &m->DROP_REFUSED);
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
		.default_domain = span_of(s->default_domain),
		.fold = s->fold_names,
		.master_separator = s->master_separator[0],
		.anonymous = span_of(s->anonymous_user),
		.realm = s->gssapi_realm,
	};
	tokens_part(&s->databases, a->userbases.at, &a->rules);
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
	drops_init(&a.grants.drops, PROC_CHANNEL_FD);
	exchanges_init(&a.exchanges);
	userbases_init(&a.userbases, PROC_CHANNEL_FD);
	child_begin(&a.child, ROLE_AUTH, argc, argv, take, &a);
	if (!make_rules(&a))
		return EXIT_FAILURE;
	start_gssapi(&a);
	if (!scheme_start() || !login_start() || !sasl_start() ||
	    !grants_start(&a.grants, &a.child.settings, &a.rules) ||
	    !brake_start(&a.brake, &a.child.settings, &a.rules))
		return EXIT_FAILURE;
	unsigned threads = userbases_start(&a.userbases, &a.child.settings);
	if (gssapi_host())
		a.child.sandbox = SANDBOX_AUTH_GSSAPI;
	child_enter_sandbox(&a.child, a.dir);
	a.parent = (struct crew_post){ PROC_CHANNEL_FD, parent_wake };
	if (!crew_join(a.errands, &a.parent) ||
	    pthread_create(&thread, NULL, serve_parent, &a) != 0 ||
	    crew_run(a.crew, threads))
		log_event(LOG_CRIT, "not-started", LOG_T("what", "threads"));
	return EXIT_FAILURE;
}
