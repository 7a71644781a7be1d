/* role/asks.c - questions to poplar-auth.
 *
 * Floor 4 (role). Prefix: asks_. A question that cannot be sent, because poplar-auth is
 * busy or being started again, waits in line. One that was under way when poplar-auth
 * died is answered with a fault: it may be what killed it.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"
#include "role/front.h"

struct auth_link {
	uv_poll_t poll; /* first: libuv gives it back to us */
	struct front *front;
	int fd;
};

static void on_auth(uv_poll_t *poll, int status, int events);

/* Is an answer from poplar-auth awaited? */
static bool is_awaiting(const struct conn *c)
{
	return c->session.ask == ASK_LOGIN && c->asked && !c->drop && !c->in_asking &&
	       c->told_at == 0;
}

static void poll_auth(struct front *f)
{
	if (f->auth)
		uv_poll_start(&f->auth->poll,
			      UV_READABLE | (f->asking ? UV_WRITABLE : 0), on_auth);
}

void asks_log_refusal(const struct conn *c, enum fault f)
{
	log_event(LOG_INFO, "login-failed", LOG_S("user", session_user(&c->session)),
		  LOG_T("peer", c->peer),
		  LOG_T("tls", c->tls ? tls_version(c->tls) : "no"),
		  LOG_T("reason", fault_code(f)[0] ? fault_code(f) : fault_text(f)));
}

static void refuse(struct conn *c, enum fault f)
{
	asks_log_refusal(c, f);
	c->asked = false;
	talk_failed(c, f);
	talk_go(c);
}

void asks_refuse(struct conn *c)
{
	c->told_at = 0;
	refuse(c, c->told);
}

/* ---- sending ---- */

static enum fault send_ask(const struct conn *c, struct span password)
{
	const struct message m = { .kind = MESSAGE_AUTH_ASK,
				   .AUTH_ASK = {
					   conn_id(c), c->tls != NULL, span_of(c->peer),
					   session_user(&c->session), password } };

	return c->front->auth ? channel_send(c->front->auth->fd, &m, -1, CHANNEL_NOW)
			      : FAULT_PEER;
}

static bool stand_in_line(struct conn *c, struct span password)
{
	c->password = malloc(password.len);
	if (!c->password)
		return false;
	memcpy(c->password, password.at, password.len);
	c->password_len = (uint16_t)password.len;
	c->next_asking = NULL;
	*c->front->asking_last = c;
	c->front->asking_last = &c->next_asking;
	c->in_asking = true;
	return true;
}

static void leave_line(struct conn *c)
{
	struct conn **at = &c->front->asking;

	while (*at != c)
		at = &(*at)->next_asking;
	*at = c->next_asking;
	if (c->front->asking_last == &c->next_asking)
		c->front->asking_last = at;
	c->in_asking = false;
	secret_wipe(c->password, c->password_len);
	free(c->password);
	c->password = NULL;
}

void asks_forget(struct conn *c)
{
	if (c->in_asking)
		leave_line(c);
}

void asks_login(struct conn *c)
{
	struct span secret = c->session.secret;
	bool first = !c->front->asking;

	c->asked = true;
	c->asked_at = uv_now(&c->front->loop);
	if (first && send_ask(c, secret) == FAULT_NONE)
		return;
	if (!stand_in_line(c, secret)) {
		c->asked = false;
		talk_failed(c, FAULT_NOMEM);
	} else if (first) {
		poll_auth(c->front);
	}
}

static void send_waiting(struct front *f)
{
	while (f->asking) {
		struct conn *c = f->asking;

		if (send_ask(c, (struct span){ c->password, c->password_len }))
			return;
		leave_line(c);
	}
	poll_auth(f);
}

/* ---- receiving ---- */

static void take_ok(struct front *f, const struct message_AUTH_OK *m, int fd)
{
	struct conn *c = conn_find(f, m->id);

	if (!c || !is_awaiting(c))
		close(fd); /* the client has gone: closing ends the session */
	else if (!maildrop_attach(c, fd))
		refuse(c, FAULT_NOMEM);
}

/* RFC 1939 does not mind how long a refusal takes; a guesser does. */
static void take_failed(struct front *f, const struct message_AUTH_FAILED *m)
{
	struct conn *c = conn_find(f, m->id);

	if (!c || !is_awaiting(c))
		return;
	c->told = m->fault > FAULT_NONE && m->fault < FAULT_COUNT ? (enum fault)m->fault
								  : FAULT_PEER;
	c->told_at = c->asked_at + m->delay_ms;
	if (c->told_at <= uv_now(&f->loop))
		asks_refuse(c);
	else
		conn_set_timer(c);
}

static void free_link(uv_handle_t *handle)
{
	free(handle);
}

static void close_link(struct front *f)
{
	struct auth_link *link = f->auth;

	f->auth = NULL;
	uv_close((uv_handle_t *)&link->poll, free_link);
	close(link->fd);
}

static void lose_link(struct front *f)
{
	close_link(f);
	for (uint32_t i = 0; i < f->slot_count; i++)
		if (f->slots[i] && is_awaiting(f->slots[i]))
			refuse(f->slots[i], FAULT_PEER);
}

static void on_auth(uv_poll_t *poll, int status, int events)
{
	struct auth_link *link = (struct auth_link *)poll;
	struct front *f = link->front;
	struct message m;
	int fd;

	if (events & UV_WRITABLE)
		send_waiting(f);
	while (f->auth == link) {
		switch (channel_receive(link->fd, ROLE_AUTH, ROLE_FRONT, CHANNEL_NOW,
					&f->inbox, &m, &fd)) {
		case CHANNEL_MESSAGE:
			if (m.kind == MESSAGE_AUTH_OK)
				take_ok(f, &m.AUTH_OK, fd);
			else
				take_failed(f, &m.AUTH_FAILED);
			break;
		case CHANNEL_EMPTY:
			if (status < 0)
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

	if (!link || uv_poll_init(&f->loop, &link->poll, fd) != 0) {
		log_event(LOG_ERR, "auth-link-lost", LOG_T("what", "out of memory"));
		free(link);
		close(fd);
		return;
	}
	if (f->auth)
		lose_link(f);
	link->front = f;
	link->fd = fd;
	f->auth = link;
	poll_auth(f);
}
