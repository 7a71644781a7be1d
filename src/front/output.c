/* front/output.c - octets to the client.
 *
 * Prefix: output_. Replies are collected in the front's one buffer and
 * go out in one call; only what a socket does not take costs memory of the connection.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "base/own.h"
#include "front/front.h"

static void note_progress(struct conn *c)
{
	c->active_at = loop_now(&c->front->loop);
	conn_watch(c);
}

/* One call: a socket that took a part is full. `more`: what follows at once may go out
 * in the same packets. */
static bool send_some(struct conn *c, struct span *io, bool more)
{
	const int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0);
	ssize_t n;

	do
		n = send(c->client.fd, io->at, io->len, flags);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN;
	*io = span_after(*io, (size_t)n);
	note_progress(c);
	return true;
}

/* Keep s behind what is held already: at most the answer to what was under way when the
 * socket filled up. */
static bool hold(struct conn *c, struct span s)
{
	char *more = realloc(c->held_out, c->held_len + s.len);

	if (!more)
		return false;
	memcpy(more + c->held_len, s.at, s.len);
	c->held_out = more;
	c->held_len += (uint32_t)s.len;
	return true;
}

static bool send_or_hold(struct conn *c, struct buf *b, bool more)
{
	struct span s = buf_span(b);

	b->len = 0;
	if (s.len > 0 && !output_blocked(c) && !send_some(c, &s, more))
		return false;
	return s.len == 0 || hold(c, s);
}

/* What is collected, as TLS records. */
static bool seal(struct conn *c)
{
	struct front *f = c->front;
	struct span rest = buf_span(&f->out);

	f->out.len = 0;
	while (rest.len > 0) {
		size_t n;

		switch (tls_write(c->tls, rest, &n)) {
		case TLS_DONE:
			rest = span_after(rest, n);
			break;
		case TLS_WANT_WRITE:
			if (!send_or_hold(c, &f->sealed, false))
				return false;
			break;
		case TLS_WANT_READ: /* there is no renegotiation */
		case TLS_AGAIN:
		case TLS_FLOODED:
		case TLS_CLOSED:
		case TLS_FAILED:
			return false;
		}
	}
	return true;
}

bool output_flush(struct conn *c)
{
	if (!c->tls)
		return send_or_hold(c, &c->front->out, false);
	return seal(c) && send_or_hold(c, &c->front->sealed, false);
}

bool output_end(struct conn *c)
{
	if (!c->tls)
		return output_flush(c);
	if (!seal(c))
		return false;
	tls_shutdown(c->tls);
	return send_or_hold(c, &c->front->sealed, false);
}

ssize_t output_file(struct conn *c, int fd, uint64_t offset, size_t len)
{
	off_t at = (off_t)offset;

	if (!send_or_hold(c, &c->front->out, true))
		return -1;
	if (output_blocked(c)) {
		errno = EAGAIN;
		return -1;
	}
	ssize_t n = sendfile(c->client.fd, fd, &at, len);
	c->full = n < 0 ? errno == EAGAIN : n > 0 && (size_t)n < len;
	if (n > 0)
		note_progress(c);
	return n;
}

bool output_drain(struct conn *c)
{
	c->full = false;
	if (!c->held_out)
		return true;
	struct span s = { c->held_out + c->held_at, c->held_len - c->held_at };
	if (!send_some(c, &s, false))
		return false;
	c->held_at = c->held_len - (uint32_t)s.len;
	if (s.len > 0)
		return true;
	free(TAKE(c->held_out));
	c->held_at = c->held_len = 0;
	return true;
}
