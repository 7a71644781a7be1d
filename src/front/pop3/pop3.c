/* front/pop3/pop3.c - the conversation with one client.
 *
 * Prefix: talk_. Here the pure session meets the world: what it asks
 * for is done, or asked of another process, and what comes back is stepped into it.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/own.h"
#include "base/secret.h"
#include "front/front.h"
#include "sys/clock.h"

/* Whoever always has more to do lets others have their turn after so many steps, and
 * after so long, as some steps take a thousand times as long as others. */
enum { TURNS_MAX = 64, TURN_MS = 3 };

static void arm(struct conn *c, unsigned events)
{
	if (!loop_watch(&c->front->loop, &c->client, events))
		conn_close(c, "out-of-memory");
}

/* The client has gone. What poplar-drop removes for it meanwhile is waited for, so that
 * the log can tell. */
static bool broken(struct conn *c)
{
	c->gone = c->session.ask == ASK_COMMIT && c->asked;
	if (c->gone)
		arm(c, 0);
	else
		conn_close(c, "hangup");
	return false;
}

/* ---- input ---- */

static ssize_t receive_clear(struct conn *c)
{
	ssize_t n;

	do
		n = recv(c->client.fd, c->front->input, sizeof c->front->input,
			 MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno != EAGAIN)
		n = 0;
	c->readable = n == 0 || n == (ssize_t)sizeof c->front->input;
	return n;
}

static ssize_t receive_tls(struct conn *c)
{
	size_t n;

	switch (tls_read(c->tls, c->front->input, sizeof c->front->input, &n)) {
	case TLS_DONE:
		c->readable = tls_has_pending(c->tls);
		return (ssize_t)n;
	case TLS_WANT_READ:
	case TLS_WANT_WRITE:
		c->readable = false;
		return -1;
	case TLS_AGAIN:
		c->eager = true;
		return -1;
	case TLS_FLOODED:
		conn_close(c, "tls-flood");
		return -1;
	case TLS_CLOSED:
	case TLS_FAILED:
		break;
	}
	return 0;
}

/* Get more input into c->in. False: there is none now, or the connection has ended. */
static bool take_input(struct conn *c)
{
	if (c->held_in)
		secret_wipe(c->held_in, FRONT_INPUT_OCTETS);
	free(TAKE(c->held_in));
	if (!c->readable)
		return false;
	ssize_t n = c->tls ? receive_tls(c) : receive_clear(c);
	if (n > 0)
		c->in = (struct span){ c->front->input, (size_t)n };
	else if (n == 0 && (!output_flush(c) || !output_blocked(c)))
		broken(c); /* it may have ended its words only, and still take ours */
	return n > 0;
}

/* What was not read in this event is kept for the next; nothing a client said before
 * its login, which may be a password, stays in the shared buffer. */
static bool keep_input(struct conn *c)
{
	if (c->in.len > 0 && !c->held_in) {
		char *copy = malloc(FRONT_INPUT_OCTETS);

		if (!copy)
			return false;
		memcpy(copy, c->in.at, c->in.len);
		c->held_in = copy;
		c->in.at = copy;
	}
	return true;
}

/* ---- commands ---- */

/* Octets of another protocol as the first thing said: a browser or a mail server was
 * led here. A TLS record in the clear shows in its first octet, without a line end to
 * come. */
static bool is_alien(const struct conn *c, enum line_got got, struct span line)
{
	if (c->heard)
		return false;
	if (got == LINE_MORE)
		return c->reader.len > 0 && c->reader.text[0] == 0x16;
	return line_is_alien(line);
}

/* ---- room for long lines of SASL ---- */

static bool widen(struct conn *c)
{
	char *room = malloc(LINE_LONG_MAX);

	if (!room) {
		conn_close(c, "out-of-memory");
		return false;
	}
	line_widen(&c->reader, room);
	return true;
}

void talk_narrow(struct conn *c)
{
	char *room = line_widen(&c->reader, NULL);

	if (room)
		secret_wipe(room, LINE_LONG_MAX);
	free(room);
}

/* Responses may be long, and AUTH with an initial one; nothing else may. */
static bool fit_room(struct conn *c)
{
	c->reader.auth_grows = c->session.state & POP3_AUTHORIZATION;
	if (c->session.ask == ASK_RESPONSE)
		return c->reader.room || widen(c);
	if (c->reader.room && !line_is_auth(&c->reader))
		talk_narrow(c);
	return true;
}

/* A token may be longer than any server takes: whoever looks for the reason finds it.
 */
static void tell_overlong(const struct conn *c, struct span line)
{
	if (c->session.ask == ASK_RESPONSE || span_starts_nocase(line, "AUTH "))
		log_event(LOG_INFO, "response-too-long", LOG_T("peer", c->peer),
			  LOG_T("tls", conn_tls_text(c)), LOG_N("most", LINE_LONG_MAX));
}

static bool read_command(struct conn *c)
{
	struct span line = { 0 };

	if (c->in.len == 0 && !take_input(c))
		return false;
	if (!fit_room(c))
		return false;
	enum line_got got = line_feed(&c->reader, &c->in, &line);
	if (got == LINE_GROWS) {
		if (!widen(c))
			return false;
		got = line_feed(&c->reader, &c->in, &line);
	}
	if (is_alien(c, got, line)) {
		conn_close(c, "not-pop3");
		return false;
	}
	if (got == LINE_MORE)
		return true;
	c->heard = true;
	c->active_at = loop_now(&c->front->loop);
	if (got == LINE_OVERLONG)
		tell_overlong(c, line);
	talk_step(c, &(struct session_event){ .kind = got == LINE_FULL ? EVENT_LINE
								       : EVENT_OVERLONG,
					      .line = line });
	if (c->session.ask == ASK_LOGIN)
		asks_login(c); /* now, while the password is where the line is */
	else if (c->session.ask == ASK_BOARD)
		asks_board(c); /* ... and the name */
	else
		asks_forget(c); /* if it gave up an exchange */
	if (!c->logged_in)      /* a line that was refused may hold one, too */
		secret_wipe(unconst(line.at), line.len);
	return true;
}

static bool send_piece(struct conn *c)
{
	bool on = body_send(c);

	if (buf_left(&c->front->out) < SESSION_REPLY_MAX && !output_flush(c))
		return broken(c);
	return on && !output_blocked(c);
}

static void make_marks(struct conn *c)
{
	uint64_t *bits = calloc(1, session_marks_octets(&c->session));

	if (bits)
		talk_step(c,
			  &(struct session_event){ .kind = EVENT_MARKS, .bits = bits });
	else
		talk_failed(c, FAULT_NOMEM);
}

/* RFC 2595 section 4: whatever came in the clear behind STLS was not said by a client
 * that waits for our answer, but slipped in by somebody in between. */
static bool start_tls(struct conn *c)
{
	if (c->in.len > 0) {
		c->front->out.len = 0;
		conn_close(c, "clear-text-behind-stls");
		return false;
	}
	if (!output_flush(c))
		return broken(c);
	if (output_blocked(c))
		return false;
	c->tls = tls_new(c->front->tls, c->client.fd, &c->front->sealed);
	if (!c->tls) {
		conn_close(c, "out-of-memory");
		return false;
	}
	c->phase = CONN_HANDSHAKE;
	c->handshake_at = loop_now(&c->front->loop);
	conn_set_timer(c);
	return true;
}

/* All is said. What the client goes on saying must be read before closing, or the
 * kernel sends it a reset that may overtake our last words. */
static bool part(struct conn *c)
{
	maildrop_detach(
		c); /* first: whoever hears our last words may come back at once */
	if (!output_end(c))
		return broken(c);
	if (output_blocked(c))
		return false;
	if (c->in.len == 0 && strcmp(c->session.end, "quit") == 0) {
		conn_close(c, "quit");
		return false;
	}
	shutdown(c->client.fd, SHUT_WR);
	c->in.len = 0;
	c->phase = CONN_LINGER;
	c->active_at = loop_now(&c->front->loop);
	conn_set_timer(c);
	return true;
}

/* Throw away what comes until the client goes. Over TLS too: nobody reads it any more.
 */
static bool linger(struct conn *c)
{
	ssize_t n = recv(c->client.fd, c->front->input, sizeof c->front->input,
			 MSG_DONTWAIT);

	if (n > 0)
		return true;
	if (n == 0 || errno != EAGAIN)
		conn_close(c, c->session.end);
	return false;
}

/* Is it a TLS handshake that begins (record type 22)? What else comes where TLS must
 * begin is clear text that somebody put behind STLS, or a client at the wrong port;
 * OpenSSL would wait for five octets of it. */
static bool is_hello(struct conn *c)
{
	char first;
	ssize_t n = recv(c->client.fd, &first, 1, MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return false;
	c->hello = n == 1 && first == 22;
	if (!c->hello)
		conn_close(c, n == 1 ? "not-tls" : "hangup");
	return c->hello;
}

static bool handshake(struct conn *c)
{
	char name[TLS_CLIENT_NAME_MAX + 1];

	if (!c->hello && !is_hello(c))
		return false;
	enum tls_got got = tls_accept(c->tls);
	switch (got) {
	case TLS_WANT_READ:
		return false;
	case TLS_WANT_WRITE:
		return output_flush(c) ? !output_blocked(c) : broken(c);
	case TLS_AGAIN: /* what tls_read alone says */
	case TLS_FLOODED:
	case TLS_CLOSED:
	case TLS_FAILED:
		log_event(LOG_INFO, "tls-failed", LOG_T("peer", c->peer),
			  LOG_T("reason", tls_error()),
			  LOG_T("certificate", tls_client_error(c->tls)));
		conn_close(c, "tls-failed");
		return false;
	case TLS_DONE:
		break;
	}
	front_tidy_later(c->front);
	c->phase = CONN_OPEN;
	c->readable = tls_has_pending(c->tls);
	c->heard = false;
	if (c->session.ask == ASK_TLS)
		talk_step(c, &(struct session_event){ .kind = EVENT_DONE });
	else
		talk_greet(c);
	c->session.binds = tls_binds(c->tls);
	c->session.certified = tls_client_name(c->tls, name);
	return true;
}

/* One thing that can be done now. False: there is none, or the connection has ended. */
static bool advance(struct conn *c)
{
	if (c->phase == CONN_ARRIVING)
		return arrival_read(c);
	if (c->phase == CONN_HANDSHAKE)
		return handshake(c);
	if (c->phase == CONN_LINGER)
		return linger(c);
	if (c->asked)
		return false;
	if (c->gone)
		return broken(c);
	if (output_blocked(c))
		return false;
	if (buf_left(&c->front->out) < SESSION_REPLY_MAX)
		return output_flush(c) ? !output_blocked(c) : broken(c);
	switch (c->session.ask) {
	case ASK_READ:
	case ASK_RESPONSE:
		return read_command(c);
	case ASK_LOGIN:
	case ASK_BOARD:
		return false;
	case ASK_TLS:
		return start_tls(c);
	case ASK_RECORDS:
		return maildrop_records(c);
	case ASK_MARKS:
		make_marks(c);
		return true;
	case ASK_BODY:
		readahead_want(c, c->session.command.msg);
		return true;
	case ASK_SEND:
		return send_piece(c);
	case ASK_COMMIT:
		maildrop_ask_commit(c);
		return true;
	case ASK_CLOSE:
		return part(c);
	}
	return false;
}

/* ---- the loop's side ---- */

/* What to wait for. While another process is at work for this client its input is left
 * alone; polling goes on until there is some, since mostly there is none. Whoever is
 * delayed must stay, and have more to say. */
static unsigned wanted(const struct conn *c)
{
	if (c->gone)
		return 0;
	if (output_blocked(c))
		return LOOP_WRITE;
	if (asks_is_delayed(c))
		return LOOP_HANGUP;
	if (c->phase == CONN_OPEN && (c->asked || c->awaiting))
		return c->client.events & LOOP_READ;
	return c->eager ? LOOP_WRITE : LOOP_READ;
}

void talk_go(struct conn *c)
{
	struct front *f = c->front;
	bool secret = !c->logged_in;
	int turns = 0;

	const uint64_t end = clock_ms() + TURN_MS;

	c->eager = false;
	while (!c->closing && !c->eager && advance(c))
		c->eager = ++turns == TURNS_MAX || clock_ms() >= end;
	if (!c->closing && (!output_flush(c) || !keep_input(c)))
		broken(c);
	if (secret)
		secret_wipe(f->input, sizeof f->input);
	if (c->closing)
		return;
	if (f->stopping && conn_is_idle(c))
		conn_close(c, "shutdown");
	else
		arm(c, wanted(c));
}

void talk_wake(struct loop_watch *watch, unsigned events)
{
	struct conn *c = (struct conn *)watch;

	if (events & (LOOP_BROKEN | LOOP_HANGUP)) {
		broken(c);
		return;
	}
	if ((events & LOOP_WRITE) && output_blocked(c) && !output_drain(c)) {
		broken(c);
		return;
	}
	if (events & LOOP_READ) {
		c->readable = true;
		if (c->asked || c->awaiting) {
			arm(c, c->client.events & ~(unsigned)LOOP_READ);
			return;
		}
	}
	talk_go(c);
}

void talk_step(struct conn *c, const struct session_event *ev)
{
	const struct session *s = &c->session;

	session_step(&c->session, ev, &c->front->out);
	if (s->ask == ASK_CLOSE && s->broken)
		log_event(LOG_CRIT, "session-broken", LOG_S("user", session_user(s)),
			  LOG_T("ask", session_ask_name(s->broken_ask)),
			  LOG_T("event", session_event_name(s->broken_event)));
}

void talk_failed(struct conn *c, enum fault f)
{
	talk_step(c, &(struct session_event){ .kind = EVENT_FAILED, .fault = f });
}

void talk_greet(struct conn *c)
{
	if (c->phase != CONN_OPEN)
		return;
	if (session_wants_timestamp(&c->session))
		c->session.timestamp = c->timestamp = stamp_make(&c->front->stamper);
	session_greet(&c->session, &c->front->out);
}

void talk_begin(struct conn *c)
{
	talk_greet(c);
	talk_go(c);
}
