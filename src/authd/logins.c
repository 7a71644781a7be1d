/* authd/logins.c - answers the questions of fronts about logins and boards.
 *
 * Prefix: logins_.
 */
#include "authd/logins.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/own.h"
#include "ipc/dispatch.h"

void logins_link_init(struct logins_link *link, struct logins *logins, int fd,
		      uint64_t number)
{
	*link = (struct logins_link){
		.logins = logins,
		.answers = { .fd = fd },
		.number = number,
		.told = ~0u,
	};
	exchanges_init(&link->exchanges);
}

/* No front of ours says this: it may be captured. */
static bool is_illegal(const char *message, const char *reason)
{
	log_event(LOG_CRIT, "link-broken", LOG_T("peer", role_name(ROLE_FRONT)),
		  LOG_T("message", message), LOG_T("reason", reason));
	return false;
}

static void log_useless(const struct logins *l)
{
	char room[1024];
	struct buf why = BUF(room);

	sasl_explain(l->allowed, &why);
	log_event(LOG_WARNING, "nobody-can-log-in", LOG_S("why", buf_span(&why)));
}

/* The mechanisms to offer. If there are none, log that: once, until there is one. What
 * a thread saw may be out of date by the time it would log, because other threads look
 * meanwhile: it looks again. */
static unsigned look_at_offers(struct logins *l)
{
	unsigned offers = sasl_offers(&l->rules, l->allowed);

	if (offers == 0) {
		if (atomic_exchange(&l->is_useless, true))
			return 0;
		offers = sasl_offers(&l->rules, l->allowed);
	}
	if (offers == 0)
		log_useless(l);
	else
		atomic_store(&l->is_useless, false);
	return offers;
}

/* Send the front the mechanisms that it may offer, if it has asked or does not know. */
static bool tell_offers(struct logins *l, struct logins_link *link, bool asked)
{
	const unsigned offers = look_at_offers(l);
	const struct message m = { .kind = MESSAGE_AUTH_OFFERS,
				   .AUTH_OFFERS = { offers } };

	return (atomic_exchange(&link->told, offers) == offers && !asked) ||
	       answers_send(&link->answers, &m, -1);
}

/* One attempt to log in. The front asks twice about an attempt that is delayed. */
struct attempt {
	struct logins_link *link;
	struct exchange_key key;
	struct span peer;
	bool waited;
};

/* Must the attempt wait before it is checked? Then *out is the answer: the front waits,
 * and asks again. */
static bool must_wait(struct logins *l, const struct attempt *at, struct span user,
		      struct message *out)
{
	uint32_t ms = at->waited ? 0 : throttle_ask(&l->throttle, at->peer, user);

	*out = (struct message){ .kind = MESSAGE_AUTH_LATER,
				 .AUTH_LATER = { at->key.id, at->key.exchange, ms } };
	return ms > 0;
}

/* After a wrong guess, the front answers the client only when the delay has passed
 * since its question, so that the client cannot measure the check. Other faults are
 * answered at once. */
static bool tell_refused(struct logins *l, const struct attempt *at, struct span user,
			 const struct why *why)
{
	const bool denied = why->fault == FAULT_DENIED;
	uint32_t ms = denied ? throttle_denied(&l->throttle, at->peer, user) : 0;
	const struct message m = { .kind = MESSAGE_AUTH_FAILED,
				   .AUTH_FAILED = { at->key.id, why->fault, ms,
						    user } };

	if (!denied && why->fault != FAULT_BAD_RESPONSE)
		log_fault(why, "login-trouble", LOG_S("user", user));
	return answers_send(&at->link->answers, &m, -1);
}

static bool tell_in(struct logins *l, const struct attempt *at, struct span proved,
		    const struct user *user)
{
	struct logins_link *link = at->link;
	const struct ticket_holder holder = { link->number, at->key.id };
	ROOM char room[TICKET_OCTETS_MAX];
	struct buf ticket = BUF(room);
	struct why why = { 0 };
	OWN_FD session = -1;

	throttle_good(&l->throttle, at->peer, proved);
	if (grants_own(&l->grants, holder, user, at->peer, &ticket, &session, &why))
		return tell_refused(l, at, user->name, &why);
	return answers_send(&link->answers,
			    &(struct message){ .kind = MESSAGE_AUTH_OK,
					       .AUTH_OK = { at->key.id, user->name,
							    buf_span(&ticket) } },
			    session);
}

/* ---- boards ---- */

/* A session asks for another maildrop. */
static bool give_board(struct logins *l, struct logins_link *link,
		       const struct message_BOARD_ASK *ask)
{
	const struct ticket_holder holder = { link->number, ask->id };
	struct why why = { 0 };
	char room[LOGIN_NAME_OCTETS];
	struct buf name = BUF(room);
	OWN_FD session = -1;
	enum fault f = grants_board(&l->grants, holder, ask, &name, &session, &why);

	if (f == FAULT_NONE)
		return answers_send(
			&link->answers,
			&(struct message){ .kind = MESSAGE_BOARD_OK,
					   .BOARD_OK = { ask->id, buf_span(&name) } },
			session);
	if (f != FAULT_NO_BOARD)
		log_fault(&why, "board-trouble", LOG_S("board", ask->name));
	return answers_send(&link->answers,
			    &(struct message){ .kind = MESSAGE_BOARD_FAILED,
					       .BOARD_FAILED = { ask->id, f } },
			    -1);
}

/* ---- PASS and APOP: one question, one answer ---- */

static bool check_at_once(struct logins *l, const struct attempt *at,
			  const struct message_AUTH_ASK *ask,
			  const struct login_way *way)
{
	struct why why = { 0 };
	OWN_USER found = { 0 };
	struct message later;

	if (must_wait(l, at, ask->user, &later))
		return answers_send(&at->link->answers, &later, -1);
	enum fault f = way->mechanism == MECHANISM_ID_APOP
			       ? login_by_digest(&l->rules, way, ask->user,
						 ask->timestamp, ask->response, &found,
						 &why)
			       : login_by_password(&l->rules, way, SPAN(""), ask->user,
						   ask->response, &found, &why);

	if (f)
		return tell_refused(l, at, ask->user, &why);
	return tell_in(l, at, ask->user, &found.user);
}

/* ---- SASL ---- */

/* Keep the exchange, and send `m`: the front asks again about the exchange. */
static bool tell_more(struct logins *l, const struct attempt *at, struct sasl *sasl,
		      const struct message *m)
{
	struct why why = { 0 };

	if (exchanges_put(&at->link->exchanges, at->key, sasl))
		return answers_send(&at->link->answers, m, -1);
	fault_set(&why, FAULT_NOMEM, 0, "go on", "exchange");
	bool heard = tell_refused(l, at, sasl_claimed_name(sasl), &why);
	sasl_free(sasl);
	return heard;
}

static bool go_on(struct logins *l, const struct attempt *at, struct sasl *sasl,
		  struct span response)
{
	char text[4 * SASL_CHALLENGE_MAX / 3 + 1], claim[LOGIN_NAME_OCTETS + 1];
	struct buf challenge = BUF(text);
	struct why why = { 0 };
	OWN_USER found = { 0 };
	struct message m;
	bool heard = true;

	if (sasl_is_guess(sasl, response, claim) &&
	    must_wait(l, at, span_of(claim), &m))
		return tell_more(l, at, sasl, &m);
	switch (sasl_step(sasl, response, &challenge, &found, &why)) {
	case SASL_MORE:
		m = (struct message){ .kind = MESSAGE_AUTH_MORE,
				      .AUTH_MORE = { at->key.id,
						     at->key.exchange,
						     { text, challenge.len } } };
		return tell_more(l, at, sasl, &m);
	case SASL_IN:
		heard = tell_in(l, at, sasl_proved(sasl), &found.user);
		break;
	case SASL_OUT:
		heard = tell_refused(l, at, sasl_claimed_name(sasl), &why);
		break;
	}
	sasl_free(sasl);
	return heard;
}

/* The response of the client, which may be empty, but is not missing. */
static struct span or_empty(struct span response)
{
	return response.len > 0 ? response : SPAN("");
}

/* The channel binding of an exchange. There is none if the mechanism's -PLUS is not
 * allowed: a client is right then to say that the server has no binding (RFC 5802
 * section 6). */
static struct sasl_channel binding_of(const struct logins *l,
				      const struct message_AUTH_ASK *ask)
{
	const enum mechanism m = (enum mechanism)ask->mechanism;
	const bool able = (mechanism_needs(m) & MECHANISM_BINDING) ||
			  (mechanism_bound(m) & l->allowed);
	struct sasl_channel channel = { .certificate = ask->certificate };

	if (able) {
		channel.exporter = ask->exporter;
		channel.unique = ask->unique;
	}
	return channel;
}

static bool begin(struct logins *l, struct logins_link *link,
		  const struct message_AUTH_ASK *ask)
{
	const struct login_way way = { (enum mechanism)ask->mechanism, ask->tls > 0,
				       ask->peer };
	const struct sasl_channel channel = binding_of(l, ask);
	const struct attempt at = {
		link, { ask->id, ask->exchange }, ask->peer, ask->waited > 0
	};
	struct why why = { 0 };
	struct sasl *sasl;

	if (!(mechanism_needs(way.mechanism) & MECHANISM_SASL))
		return check_at_once(l, &at, ask, &way);
	sasl = sasl_new(&l->rules, &way, &channel);
	if (!sasl) {
		fault_set(&why, FAULT_NOMEM, 0, "begin", "exchange");
		return tell_refused(l, &at, SPAN(""), &why);
	}
	return go_on(l, &at, sasl,
		     ask->has_response ? or_empty(ask->response) : (struct span){ 0 });
}

static bool next(struct logins *l, struct logins_link *link,
		 const struct message_AUTH_NEXT *m)
{
	struct attempt at = { link, { m->id, m->exchange }, SPAN(""), m->waited > 0 };
	struct sasl *sasl = exchanges_take(&link->exchanges, at.key);
	struct why why = { 0 };

	if (!sasl) {
		fault_set(&why, FAULT_PEER, 0, "go on", "exchange");
		return tell_refused(l, &at, SPAN(""), &why);
	}
	at.peer = sasl_peer(sasl);
	return go_on(l, &at, sasl, or_empty(m->response));
}

static void cancel(struct logins *l, struct logins_link *link, struct exchange_key key)
{
	struct sasl *sasl = exchanges_take(&link->exchanges, key);

	if (sasl && sasl_has_failed(sasl))
		throttle_denied(&l->throttle, sasl_peer(sasl), sasl_claimed_name(sasl));
	sasl_free(sasl);
}

/* ---- messages of the front ---- */

static bool on_ask(void *arg, const struct message *m, struct channel_files *none)
{
	struct logins_link *link = arg;
	struct logins *l = link->logins;
	const uint64_t mechanism = m->AUTH_ASK.mechanism;

	(void)none;
	if (mechanism >= MECHANISM_COUNT || !(l->allowed >> mechanism & 1))
		return is_illegal("AUTH_ASK", "a mechanism that is not offered");
	return begin(l, link, &m->AUTH_ASK) && tell_offers(l, link, false);
}

static bool on_which(void *arg, const struct message *m, struct channel_files *none)
{
	struct logins_link *link = arg;

	(void)m, (void)none;
	return tell_offers(link->logins, link, true);
}

static bool on_next(void *arg, const struct message *m, struct channel_files *none)
{
	struct logins_link *link = arg;

	(void)none;
	return next(link->logins, link, &m->AUTH_NEXT);
}

static bool on_cancel(void *arg, const struct message *m, struct channel_files *none)
{
	struct logins_link *link = arg;
	const struct exchange_key key = { m->AUTH_CANCEL.id, m->AUTH_CANCEL.exchange };

	(void)none;
	cancel(link->logins, link, key);
	return true;
}

static bool on_board(void *arg, const struct message *m, struct channel_files *none)
{
	struct logins_link *link = arg;

	(void)none;
	return give_board(link->logins, link, &m->BOARD_ASK);
}

#define HEARS_FRONT(X)                                                                 \
	X(AUTH_ASK, on_ask)                                                            \
	X(AUTH_WHICH, on_which)                                                        \
	X(AUTH_NEXT, on_next)                                                          \
	X(AUTH_CANCEL, on_cancel)                                                      \
	X(BOARD_ASK, on_board)
DISPATCH(from_front, FRONT, AUTH, HEARS_FRONT);

bool logins_hear(struct logins_link *link, struct channel_inbox *in)
{
	return dispatch(&from_front, link, in);
}
