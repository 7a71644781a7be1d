/* front/pop3/login.c - questions to poplar-auth.
 *
 * Prefix: asks_. A question that cannot be sent, because poplar-auth is
 * busy or being started again, waits in line. One that was under way when poplar-auth
 * died is answered with a fault: it may be what killed it.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "base/secret.h"
#include "front/front.h"

struct auth_link {
	struct loop_watch watch; /* first: a link is a watch */
	struct front *front;
};

static void on_auth(struct loop_watch *watch, unsigned events);

/* Is an answer from poplar-auth awaited? */
bool asks_is_awaiting(const struct conn *c)
{
	const bool has_socket = c->session.ask == ASK_BOARD ? c->next : c->drop;
	const bool asks = c->session.ask == ASK_LOGIN || c->session.ask == ASK_BOARD;

	return asks && c->asked && !has_socket && !c->in_asking && c->told_at == 0;
}

static void poll_auth(struct front *f)
{
	if (f->auth)
		loop_watch(&f->loop, &f->auth->watch,
			   LOOP_READ | (f->asking ? LOOP_WRITE : 0));
}

void asks_log_refusal(const struct conn *c, enum fault f)
{
	log_event(LOG_INFO, "login-failed", LOG_S("user", session_user(&c->session)),
		  LOG_T("peer", c->peer), LOG_T("tls", conn_tls_text(c)),
		  LOG_T("method", mechanism_name(c->session.mechanism)),
		  LOG_T("reason", fault_code(f)[0] ? fault_code(f) : fault_text(f)));
}

/* What was asked is kept until the answer comes: poplar-auth may want it later, or
 * cannot be asked now. */
static bool keep_secret(struct conn *c, struct span secret)
{
	c->secret = malloc(secret.len + 1);
	if (!c->secret)
		return false;
	if (secret.len > 0)
		memcpy(c->secret, secret.at, secret.len);
	c->secret_len = (uint16_t)secret.len;
	return true;
}

void asks_drop_secret(struct conn *c)
{
	secret_wipe(c->secret, c->secret_len);
	free(TAKE(c->secret));
}

static void tell_refused(struct conn *c, enum fault f)
{
	asks_drop_secret(c);
	conn_rest(c);
	c->told_at = 0;
	c->asked = false;
	talk_failed(c, f);
	talk_go(c);
}

static void refuse(struct conn *c, enum fault f)
{
	asks_log_refusal(c, f);
	tell_refused(c, f);
}

/* ---- sending ---- */

enum fault asks_tell(const struct front *f, const struct message *m)
{
	return f->auth ? channel_send(f->auth->watch.fd, m, -1, CHANNEL_NOW)
		       : FAULT_PEER;
}

/* What a mechanism may rest on besides the client's words. */
struct rests {
	char exporter[TLS_EXPORTER_OCTETS], unique[TLS_UNIQUE_MAX];
	char certificate[TLS_CLIENT_NAME_MAX + 1];
};

/* Also a mechanism without -PLUS is told what it could be bound to: a client that takes
 * the server for one that cannot has been deceived (RFC 5802 section 6). */
static void add_channel(const struct conn *c, struct rests *r,
			struct message_AUTH_ASK *ask)
{
	const unsigned needs = mechanism_needs(c->session.mechanism);

	if (!c->tls || (needs & MECHANISM_BARES))
		return;
	if (tls_exporter(c->tls, r->exporter))
		ask->exporter = (struct span){ r->exporter, sizeof r->exporter };
	ask->unique = (struct span){ r->unique, tls_unique(c->tls, r->unique) };
	if ((needs & MECHANISM_CERTIFICATE) && tls_client_name(c->tls, r->certificate))
		ask->certificate = span_of(r->certificate);
}

static enum fault send_ask(const struct conn *c)
{
	const struct session *s = &c->session;
	const struct span secret = { c->secret, c->secret_len };
	struct rests rests;
	const struct message next = { .kind = MESSAGE_AUTH_NEXT,
				      .AUTH_NEXT = { conn_id(c), c->exchange, c->waited,
						     secret } };
	struct message ask = { .kind = MESSAGE_AUTH_ASK,
			       .AUTH_ASK = { .id = conn_id(c),
					     .exchange = c->exchange,
					     .waited = c->waited,
					     .tls = s->tls,
					     .mechanism = s->mechanism,
					     .has_response = s->has_secret,
					     .peer = span_of(c->peer),
					     .user = session_user(s),
					     .response = secret } };

	if (s->ask == ASK_BOARD)
		return boards_send_ask(c);
	if (c->proving)
		return asks_tell(c->front, &next);
	add_channel(c, &rests, &ask.AUTH_ASK);
	if (mechanism_needs(s->mechanism) & MECHANISM_TIMESTAMP)
		ask.AUTH_ASK.timestamp = span_of(c->timestamp);
	return asks_tell(c->front, &ask);
}

/* If the word is lost, poplar-auth will find out by the time that has passed. */
static void send_cancel(const struct front *f, uint64_t id, uint64_t exchange)
{
	const struct message m = { .kind = MESSAGE_AUTH_CANCEL,
				   .AUTH_CANCEL = { id, exchange } };

	fault_ignore(asks_tell(f, &m));
}

static void stand_in_line(struct conn *c)
{
	c->next_asking = NULL;
	c->asking_at = c->front->asking_last;
	*c->asking_at = c;
	c->front->asking_last = &c->next_asking;
	c->in_asking = true;
}

static void leave_line(struct conn *c)
{
	*c->asking_at = c->next_asking;
	if (c->next_asking)
		c->next_asking->asking_at = c->asking_at;
	else
		c->front->asking_last = c->asking_at;
	c->in_asking = false;
}

void asks_forget(struct conn *c)
{
	if (c->in_asking)
		leave_line(c);
	if (c->proving || (asks_is_awaiting(c) && !c->logged_in))
		send_cancel(c->front, conn_id(c), c->exchange);
	c->proving = false;
	asks_drop_secret(c);
}

/* Now, or when those who wait already have been served. */
static void send_or_wait(struct conn *c)
{
	bool first = !c->front->asking;
	enum fault f = first ? send_ask(c) : FAULT_LIMIT;

	if (f == FAULT_UNSENDABLE) {
		asks_drop_secret(c);
		c->asked = false;
		talk_failed(c, f);
		return;
	}
	conn_work(c);
	if (f) {
		stand_in_line(c);
		if (first)
			poll_auth(c->front);
	}
}

void asks_login(struct conn *c)
{
	if (!keep_secret(c, c->session.secret)) {
		talk_failed(c, FAULT_NOMEM);
		return;
	}
	c->exchange += !c->proving;
	c->waited = c->waited && c->proving;
	c->asked = true;
	c->asked_at = loop_now(&c->front->loop);
	send_or_wait(c);
}

void asks_board(struct conn *c)
{
	if (!keep_secret(c, c->session.wanted)) {
		talk_failed(c, FAULT_NOMEM);
		return;
	}
	c->asked = true;
	send_or_wait(c);
}

/* The delay has passed: a refusal is told; an attempt that had to wait is made, and
 * what becomes of it is told as late as if it had not had to. */
void asks_due(struct conn *c)
{
	c->told_at = 0;
	if (c->told) {
		tell_refused(c, c->told);
		return;
	}
	c->asked_at = loop_now(&c->front->loop);
	send_or_wait(c);
}

static void send_waiting(struct front *f)
{
	while (f->asking) {
		struct conn *c = f->asking;
		enum fault fault = send_ask(c);

		if (fault && fault != FAULT_UNSENDABLE)
			return;
		leave_line(c);
		if (fault && c->logged_in)
			boards_take_failed(f, conn_id(c), fault);
		else if (fault)
			refuse(c, fault);
	}
	poll_auth(f);
}

/* ---- receiving ---- */

/* The connection that waits for this answer; NULL: the client has gone. */
static struct conn *find_awaiting(struct front *f, uint64_t id)
{
	struct conn *c = conn_find(f, id);

	return c && asks_is_awaiting(c) && !c->logged_in ? c : NULL;
}

/* The exchange is over. Only now it may be known who the client claims to be. */
static void end_exchange(struct conn *c, struct span user)
{
	asks_drop_secret(c);
	c->proving = false;
	if (user.len > 0)
		session_set_user(&c->session, user);
}

static void take_ok(struct front *f, const struct message_AUTH_OK *m, int fd)
{
	struct conn *c = find_awaiting(f, m->id);

	if (!c) {
		close(fd); /* that ends the session */
		return;
	}
	end_exchange(c, m->user);
	const bool keeps = boards_keep_ticket(c, m->ticket);
	if (!keeps)
		close(fd);
	if (!keeps || !maildrop_attach(c, fd))
		refuse(c, FAULT_NOMEM);
}

static void take_more(struct front *f, const struct message_AUTH_MORE *m)
{
	struct conn *c = find_awaiting(f, m->id);

	if (!c) {
		send_cancel(f, m->id, m->exchange);
		return;
	}
	asks_drop_secret(c);
	conn_rest(c);
	c->asked = false;
	c->proving = true;
	talk_step(c, &(struct session_event){ .kind = EVENT_CHALLENGE,
					      .line = m->challenge });
	talk_go(c);
}

/* The attempt must wait before it counts. poplar-auth has kept an exchange as it was.
 */
static void take_later(struct front *f, const struct message_AUTH_LATER *m)
{
	struct conn *c = find_awaiting(f, m->id);

	if (!c) {
		send_cancel(f, m->id, m->exchange);
		return;
	}
	c->proving = mechanism_needs(c->session.mechanism) & MECHANISM_SASL;
	c->waited = true;
	c->told = FAULT_NONE;
	c->told_at = loop_now(&f->loop) + m->delay_ms;
	conn_rest(c);
	talk_go(c); /* to hear when the client gives up */
}

/* RFC 1939 does not mind how long a refusal takes; a guesser does. It is logged at
 * once: whoever does not wait for it has guessed all the same. */
static void take_failed(struct front *f, const struct message_AUTH_FAILED *m)
{
	struct conn *c = find_awaiting(f, m->id);

	if (!c)
		return;
	end_exchange(c, m->user);
	c->told = m->fault > FAULT_NONE && m->fault < FAULT_COUNT ? (enum fault)m->fault
								  : FAULT_PEER;
	c->told_at = c->asked_at + m->delay_ms;
	conn_rest(c);
	asks_log_refusal(c, c->told);
	if (c->told_at <= loop_now(&f->loop))
		asks_due(c);
	else
		conn_set_timer(c);
}

static void take(struct front *f, const struct message *m, int fd)
{
	switch (m->kind) {
	case MESSAGE_AUTH_OFFERS:
		front_set_offers(f, (unsigned)m->AUTH_OFFERS.mechanisms);
		break;
	case MESSAGE_AUTH_MORE:
		take_more(f, &m->AUTH_MORE);
		break;
	case MESSAGE_AUTH_LATER:
		take_later(f, &m->AUTH_LATER);
		break;
	case MESSAGE_AUTH_OK:
		take_ok(f, &m->AUTH_OK, fd);
		break;
	case MESSAGE_AUTH_FAILED:
		take_failed(f, &m->AUTH_FAILED);
		break;
	case MESSAGE_BOARD_OK:
		boards_take_ok(f, &m->BOARD_OK, fd);
		break;
	case MESSAGE_BOARD_FAILED:
		boards_take_failed(f, m->BOARD_FAILED.id, m->BOARD_FAILED.fault);
		break;
	default: /* the table has no other from poplar-auth */
		break;
	}
}

/* A good login, whose session socket found no room. */
static void take_cut(struct front *f, const struct message *m)
{
	struct conn *c = m->kind == MESSAGE_AUTH_OK ? find_awaiting(f, m->AUTH_OK.id)
						    : NULL;

	if (m->kind == MESSAGE_BOARD_OK)
		boards_take_failed(f, m->BOARD_OK.id, FAULT_LIMIT);
	if (!c)
		return;
	end_exchange(c, m->AUTH_OK.user);
	refuse(c, FAULT_LIMIT);
}

static void close_link(struct front *f)
{
	struct auth_link *link = f->auth;

	f->auth = NULL;
	loop_watch(&f->loop, &link->watch, 0);
	loop_leave(&f->loop, &link->watch, link);
	close(link->watch.fd);
}

static void lose_link(struct front *f)
{
	close_link(f);
	for (uint32_t i = 0; i < f->slot_count; i++) {
		struct conn *c = f->slots[i];

		if (!c)
			continue;
		bool awaiting = asks_is_awaiting(c) || asks_is_delayed(c);
		c->proving = false;
		if (awaiting && c->logged_in)
			boards_take_failed(f, conn_id(c), FAULT_PEER);
		else if (awaiting)
			refuse(c, FAULT_PEER);
	}
}

static void on_auth(struct loop_watch *watch, unsigned events)
{
	struct auth_link *link = (struct auth_link *)watch;
	struct front *f = link->front;
	const struct channel auth = channel_of(watch->fd, ROLE_AUTH, ROLE_FRONT);
	const struct message *m = &f->inbox.message;

	if (events & LOOP_WRITE)
		send_waiting(f);
	while (f->auth == link) {
		switch (channel_receive(&auth, CHANNEL_NOW, &f->inbox)) {
		case CHANNEL_MESSAGE:
			take(f, m, f->inbox.files.at[0]);
			break;
		case CHANNEL_CUT:
			take_cut(f, m);
			break;
		case CHANNEL_EMPTY:
			if (events & LOOP_BROKEN)
				lose_link(f);
			return;
		case CHANNEL_CLOSED:
		case CHANNEL_BROKEN:
			lose_link(f);
			return;
		}
	}
}

void asks_link(struct front *f, int fd)
{
	struct auth_link *link = malloc(sizeof *link);

	if (link)
		*link = (struct auth_link){ { .fd = fd, .wake = on_auth }, f };
	if (!link || !loop_watch(&f->loop, &link->watch, LOOP_READ)) {
		log_event(LOG_ERR, "auth-link-lost", LOG_T("what", "out of memory"));
		free(link);
		close(fd);
		return;
	}
	if (f->auth)
		lose_link(f);
	f->auth = link;
	fault_ignore(
		asks_tell(f, &(const struct message){ .kind = MESSAGE_AUTH_WHICH }));
	poll_auth(f);
}
