/* front/conn.c - the life of a connection.
 *
 * Prefix: conn_. Here the pure session meets the world: what it asks
 * for is done or asked of another process, and what comes back is stepped into it.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "base/secret.h"
#include "front/front.h"

/* A client that has been told everything gets so long to take it and go. */
enum { LINGER_MS = 2000 };

/* The client is looked for so long after something was sent, and so often from then on.
 */
enum { LOOK_MS = 30000, LOOK_AGAIN_MS = 5000 };

/* ---- numbers ---- */

struct conn *conn_find(const struct front *f, uint64_t id)
{
	uint32_t slot = (uint32_t)id;
	struct conn *c = slot < f->slot_count ? f->slots[slot] : NULL;

	return c && conn_id(c) == id ? c : NULL;
}

static bool take_slot(struct front *f, struct conn *c)
{
	for (uint32_t i = 0; i < f->slot_count; i++) {
		uint32_t slot = (f->slot_hint + i) % f->slot_count;

		if (f->slots[slot])
			continue;
		f->slots[slot] = c;
		f->slot_hint = slot + 1;
		f->conn_count++;
		c->slot = slot;
		c->generation = ++f->generation;
		return true;
	}
	return false;
}

/* ---- deadlines ---- */

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* A login may keep the server at work for so many times of what the client has. */
enum { WORK_TIMES = 4 };

/* When the client must have done something, or the server, at the latest. */
static uint64_t due(const struct conn *c)
{
	const struct settings *s = &c->front->child.settings;
	const uint64_t login_ms = s->login_timeout * UINT64_C(1000);
	uint64_t at = c->accepted_at + c->worked_ms + login_ms;

	if (c->works_since && !c->logged_in)
		return c->works_since + WORK_TIMES * login_ms;
	if (c->phase == CONN_LINGER)
		return c->active_at + LINGER_MS;
	if (c->logged_in)
		return c->active_at + s->idle_timeout * UINT64_C(1000);
	if (c->phase == CONN_ARRIVING || c->phase == CONN_HANDSHAKE)
		at = sooner(at,
			    c->handshake_at + s->handshake_timeout * UINT64_C(1000));
	return c->told_at ? sooner(at, c->told_at) : at;
}

static uint64_t deadline(const struct conn *c)
{
	return c->look_at ? sooner(due(c), c->look_at) : due(c);
}

/* A deadline that moves away costs nothing: the timer finds out when it goes off. */
void conn_set_timer(struct conn *c)
{
	uint64_t at = deadline(c);

	if (!loop_is_set(&c->timer) || c->timer.at > at)
		loop_set(&c->front->loop, &c->timer, at);
}

/* A client that has been told everything and stays has nothing to be late for. */
static const char *what_was_late(const struct conn *c)
{
	if (c->phase == CONN_LINGER)
		return c->session.end;
	if (c->phase == CONN_ARRIVING)
		return "proxy-header-late";
	return c->logged_in ? "idle-timeout" : "login-timeout";
}

void conn_work(struct conn *c)
{
	c->works_since = loop_now(&c->front->loop);
}

void conn_rest(struct conn *c)
{
	if (c->works_since)
		c->worked_ms += loop_now(&c->front->loop) - c->works_since;
	c->works_since = 0;
	conn_set_timer(c);
}

/* The login has not come to an end. The client is told so; that an answer may come yet
 * leaves nothing to go on with. */
static void give_up_login(struct conn *c)
{
	asks_log_refusal(c, FAULT_IO);
	talk_failed(c, FAULT_IO);
	if (!output_blocked(c) && !output_flush(c))
		conn_close(c, "hangup");
	else
		conn_close(c, "login-too-long");
}

void conn_watch(struct conn *c)
{
	if (c->look_at)
		return;
	c->look_at = loop_now(&c->front->loop) + LOOK_MS;
	conn_set_timer(c);
}

/* Is the client gone, without a word, while something was on its way? The kernel would
 * go on for a quarter of an hour, and nobody else could have the maildrop. False: it
 * is, and the connection is closed. */
static bool look(struct conn *c)
{
	const enum sock_peer peer = sock_peer(c->client.fd);

	c->look_at = peer == SOCK_PEER_HAS_ALL
			     ? 0
			     : loop_now(&c->front->loop) + LOOK_AGAIN_MS;
	if (peer != SOCK_PEER_GONE || (c->session.ask == ASK_COMMIT && c->asked))
		return true;
	conn_close(c, "client-gone");
	return false;
}

/* RFC 1939 section 3: the autologout says nothing and removes nothing. */
static void on_timer(struct loop_timer *timer)
{
	struct conn *c = LOOP_OWNER(timer, struct conn, timer);
	uint64_t now = loop_now(&c->front->loop);

	if (c->look_at && c->look_at <= now && !look(c))
		return;
	if (deadline(c) > now) {
		conn_set_timer(c);
	} else if (c->told_at && c->told_at <= now) {
		conn_set_timer(c);
		asks_due(c);
	} else if (c->works_since && !c->logged_in) {
		give_up_login(c);
	} else {
		conn_close(c, what_was_late(c));
	}
}

/* ---- the end ---- */

const char *conn_tls_text(const struct conn *c)
{
	if (c->tls)
		return tls_version(c->tls);
	return c->session.tls ? "proxy" : "no";
}

static void log_end(const struct conn *c, const char *end)
{
	const struct session *s = &c->session;
	uint64_t ms = loop_now(&c->front->loop) - c->accepted_at;
	uint32_t left = c->committed ? s->left : s->count;
	uint64_t left_octets = c->committed ? s->left_octets : s->octets;

	if (!c->logged_in) {
		log_event(LOG_INFO, "disconnect", LOG_T("peer", c->peer),
			  LOG_T("tls", c->tls ? "yes" : conn_tls_text(c)),
			  LOG_MS("seconds", ms), LOG_T("end", end));
		return;
	}
	log_event(LOG_INFO, "session", LOG_S("user", session_user(s)),
		  LOG_T("peer", c->peer), LOG_N("messages", s->count),
		  LOG_N("octets", s->octets), LOG_N("retr", s->tally.retr),
		  LOG_N("retr-octets", s->tally.retr_octets),
		  LOG_N("top", s->tally.top), LOG_N("top-octets", s->tally.top_octets),
		  LOG_N("deleted", s->count - left),
		  LOG_N("deleted-octets", s->octets - left_octets), LOG_N("left", left),
		  LOG_N("left-octets", left_octets), LOG_MS("seconds", ms),
		  LOG_T("end", end));
}

static void drop_held_input(struct conn *c)
{
	if (c->held_in)
		secret_wipe(c->held_in, FRONT_INPUT_OCTETS);
	free(c->held_in);
	c->held_in = NULL;
}

static void release(struct conn *c)
{
	arrival_forget(c);
	asks_forget(c);
	maildrop_detach(c);
	body_close(c);
	readahead_free(c);
	talk_narrow(c);
	reader_close(&c->records);
	free(TAKE(c->listing.holes));
	if (c->tls)
		tls_free(c->tls);
	c->tls = NULL;
	own_fd_close(&c->client.fd);
	drop_held_input(c);
	secret_wipe(&c->reader, sizeof c->reader);
	free(c->held_out);
	free(c->timestamp);
	free(c->ticket);
	free(c->board);
	free(c->session.bits);
}

void conn_close(struct conn *c, const char *end)
{
	struct front *f = c->front;

	if (c->closing)
		return;
	c->closing = true;
	f->out.len = 0;
	if (end)
		log_end(c, end);
	if (c->tls && !output_blocked(c) && !output_end(c))
		f->sealed.len = 0;
	loop_unset(&f->loop, &c->timer);
	loop_leave(&f->loop, &c->client, c);
	release(c);
	f->slots[c->slot] = NULL;
	f->conn_count--;
	front_conn_ended(f);
}

bool conn_is_idle(const struct conn *c)
{
	return c->phase != CONN_OPEN ||
	       ((c->session.ask == ASK_READ || c->session.ask == ASK_RESPONSE) &&
		!output_blocked(c) && c->in.len == 0);
}

/* ---- the beginning ---- */

static void give_up(struct conn *c)
{
	log_event(LOG_ERR, "connection-refused", LOG_T("peer", c->peer),
		  LOG_T("what", "memory or descriptors ran out"));
	release(c);
	free(c);
}

void conn_accept(struct front *f, int fd, bool tls, const struct sock_address *peer)
{
	struct conn *c = calloc(1, sizeof *c);

	if (!c) {
		close(fd);
		return;
	}
	c->front = f;
	c->client = (struct loop_watch){ .fd = fd, .wake = talk_wake };
	c->records.fd = c->body.reader.fd = -1;
	c->tls_first = tls;
	c->accepted_at = c->active_at = c->handshake_at = loop_now(&f->loop);
	sock_text(peer, c->peer);
	c->timer.due = on_timer;
	if (!take_slot(f, c)) {
		give_up(c);
		return;
	}
	arrival_begin(c, peer);
	if (c->closing)
		return;
	conn_set_timer(c);
	talk_begin(c);
}
