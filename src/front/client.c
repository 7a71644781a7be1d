/* front/client.c - reads what the client sends: octets, a TLS handshake, the end.
 *
 * Prefix: client_.
 */
#include "front/client.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/own.h"
#include "base/secret.h"
#include "front/deadline.h"
#include "front/output.h"

enum { TIDY_MS = 10000 }; /* after a handshake */

/* ---- input ---- */

/* Returns how many octets were read; 0: the client has closed its end, or the
 * connection is broken; -1: the socket has no octets now. */
static ssize_t receive(const struct conn *c)
{
	ssize_t n;

	do
		n = recv(c->watch.fd, c->front->input, sizeof c->front->input,
			 MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 && errno != EAGAIN ? 0 : n;
}

static enum result read_clear(struct conn *c)
{
	const ssize_t n = receive(c);

	c->client.readable = n == 0 || n == (ssize_t)sizeof c->front->input;
	if (n <= 0)
		return n < 0 ? RESULT_WAIT : RESULT_HANGUP;
	c->client.in = (struct span){ c->front->input, (size_t)n };
	return RESULT_DONE;
}

static enum result read_tls(struct conn *c)
{
	struct client *client = &c->client;
	size_t n;

	switch (tls_read(client->tls, c->front->input, sizeof c->front->input, &n)) {
	case TLS_DONE:
		client->readable = tls_has_pending(client->tls);
		client->in = (struct span){ c->front->input, n };
		return RESULT_DONE;
	case TLS_WANT_READ:
	case TLS_WANT_WRITE:
		client->readable = false;
		return RESULT_WAIT;
	case TLS_AGAIN:
		return RESULT_YIELD;
	case TLS_FLOODED:
		return RESULT_TLS_FLOOD;
	case TLS_CLOSED:
	case TLS_FAILED:
		break;
	}
	return RESULT_HANGUP;
}

static void drop_held(struct client *client)
{
	if (client->held)
		secret_wipe(client->held, FRONT_INPUT_OCTETS);
	free(TAKE(client->held));
}

enum result client_read(struct conn *c)
{
	drop_held(&c->client);
	if (!c->client.readable)
		return RESULT_WAIT;
	return c->client.tls ? read_tls(c) : read_clear(c);
}

bool client_keep_input(struct conn *c)
{
	struct client *client = &c->client;

	if (client->in.len == 0 || client->held)
		return true;
	char *copy = malloc(FRONT_INPUT_OCTETS);
	if (!copy)
		return false;
	memcpy(copy, client->in.at, client->in.len);
	client->held = copy;
	client->in.at = copy;
	return true;
}

/* ---- TLS ---- */

/* A handshake allocates 50 KiB, of which a connection keeps 20. After many handshakes
 * at once, the free parts of the heap are twice as large as the used ones.
 * malloc_trim() returns them to the kernel. */
static void on_tidy(struct loop_timer *timer)
{
	(void)timer;
	malloc_trim(0);
}

void client_start(struct front *f)
{
	f->tidy_timer.due = on_tidy;
}

static void tidy_later(struct front *f)
{
	if (!loop_is_set(&f->tidy_timer))
		loop_set(&f->loop, &f->tidy_timer, loop_now(&f->loop) + TIDY_MS);
}

bool client_begin_tls(struct conn *c)
{
	c->phase = PHASE_HELLO;
	c->client.tls = tls_new(c->front->tls, c->watch.fd, &c->front->sealed);
	return c->client.tls;
}

/* A handshake begins with the octet 22, the type of its record. Any other octet is
 * clear text, which somebody inserted behind STLS (or STARTTLS) or which a client sent
 * to the wrong port. OpenSSL would wait for four more octets before it noticed. */
enum result client_hello(struct conn *c)
{
	char first;
	ssize_t n = recv(c->watch.fd, &first, 1, MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return RESULT_WAIT;
	if (n != 1)
		return RESULT_HANGUP;
	if (first != 22)
		return RESULT_NOT_TLS;
	c->phase = PHASE_HANDSHAKE;
	return RESULT_DONE;
}

static enum result log_tls_failure(const struct conn *c)
{
	log_event(LOG_INFO, "tls-failed", LOG_T("peer", c->peer),
		  LOG_T("reason", tls_error()),
		  LOG_T("certificate", tls_client_error(c->client.tls)));
	return RESULT_TLS_FAILED;
}

enum result client_handshake(struct conn *c)
{
	switch (tls_accept(c->client.tls)) {
	case TLS_WANT_READ:
		return RESULT_WAIT;
	case TLS_WANT_WRITE:
		return output_flush(c);
	case TLS_AGAIN: /* tls_read alone gives this */
	case TLS_FLOODED:
	case TLS_CLOSED:
	case TLS_FAILED:
		return log_tls_failure(c);
	case TLS_DONE:
		break;
	}
	tidy_later(c->front);
	c->phase = PHASE_OPEN;
	c->client.readable = tls_has_pending(c->client.tls);
	return RESULT_DONE;
}

const char *client_tls_text(const struct conn *c)
{
	if (c->client.tls)
		return tls_version(c->client.tls);
	return c->arrival.tls_at_proxy ? "proxy" : "no";
}

/* ---- the end ---- */

void client_linger(struct conn *c)
{
	shutdown(c->watch.fd, SHUT_WR);
	c->client.in.len = 0;
	c->phase = PHASE_LINGER;
	deadline_active(c);
	deadline_set(c);
}

/* TLS records are discarded without decryption. */
enum result client_discard(struct conn *c)
{
	ssize_t n = recv(c->watch.fd, c->front->input, sizeof c->front->input,
			 MSG_DONTWAIT);

	if (n > 0)
		return RESULT_DONE;
	return n < 0 && errno == EAGAIN ? RESULT_WAIT : RESULT_OVER;
}

void client_release(struct conn *c)
{
	if (c->client.tls)
		tls_free(TAKE(c->client.tls));
	own_fd_close(&c->watch.fd);
	drop_held(&c->client);
}
