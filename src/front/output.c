/* front/output.c - sends octets to the client.
 *
 * Prefix: output_.
 */
#include "front/output.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "base/own.h"
#include "front/deadline.h"

static void note_progress(struct conn *c)
{
	deadline_active(c);
	deadline_sent(c);
}

/* Send octets with one call; if the socket takes only a part of *io, it is full.
 * `more`: further octets follow at once, and may share a packet with these. False: the
 * connection is broken. */
static bool send_some(struct conn *c, struct span *io, bool more)
{
	const int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0);
	ssize_t n;

	do
		n = send(c->watch.fd, io->at, io->len, flags);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN;
	*io = span_after(*io, (size_t)n);
	note_progress(c);
	return true;
}

/* Append s to the held octets. They stay bounded: once the socket is full, only the
 * rest of the reply that is being written is appended, and nothing further is read from
 * the client. False: out of memory. */
static bool hold(struct conn *c, struct span s)
{
	struct output *o = &c->output;
	char *more = realloc(o->held, o->held_len + s.len);

	if (!more)
		return false;
	memcpy(more + o->held_len, s.at, s.len);
	o->held = more;
	o->held_len += (uint32_t)s.len;
	o->blocked = true;
	return true;
}

static bool send_or_hold(struct conn *c, struct buf *b, bool more)
{
	struct span s = buf_span(b);

	b->len = 0;
	if (s.len > 0 && !c->output.blocked && !send_some(c, &s, more))
		return false;
	return s.len == 0 || hold(c, s);
}

/* Make TLS records of the collected replies. */
static bool seal(struct conn *c)
{
	struct front *f = c->front;
	struct span rest = buf_span(&f->out);

	f->out.len = 0;
	while (rest.len > 0) {
		size_t n;

		switch (tls_write(c->client.tls, rest, &n)) {
		case TLS_DONE:
			rest = span_after(rest, n);
			break;
		case TLS_WANT_WRITE:
			if (!send_or_hold(c, &f->sealed, false))
				return false;
			break;
		case TLS_WANT_READ: /* only with renegotiation, which is off */
		case TLS_AGAIN:
		case TLS_FLOODED:
		case TLS_CLOSED:
		case TLS_FAILED:
			return false;
		}
	}
	return true;
}

static enum result result_of(const struct conn *c, bool sent)
{
	if (!sent)
		return RESULT_HANGUP;
	return c->output.blocked ? RESULT_WAIT : RESULT_DONE;
}

enum result output_flush(struct conn *c)
{
	struct front *f = c->front;

	if (!c->client.tls)
		return result_of(c, send_or_hold(c, &f->out, false));
	return result_of(c, seal(c) && send_or_hold(c, &f->sealed, false));
}

enum result output_end(struct conn *c)
{
	if (!c->client.tls)
		return output_flush(c);
	if (!seal(c))
		return RESULT_HANGUP;
	tls_shutdown(c->client.tls);
	return result_of(c, send_or_hold(c, &c->front->sealed, false));
}

ssize_t output_file(struct conn *c, int fd, uint64_t offset, size_t len)
{
	off_t at = (off_t)offset;

	if (!send_or_hold(c, &c->front->out, true))
		return -1;
	if (c->output.blocked) {
		errno = EAGAIN;
		return -1;
	}
	ssize_t n = sendfile(c->watch.fd, fd, &at, len);
	c->output.blocked = n < 0 ? errno == EAGAIN : n > 0 && (size_t)n < len;
	if (n > 0)
		note_progress(c);
	return n;
}

enum result output_drain(struct conn *c)
{
	struct output *o = &c->output;
	struct span s = { o->held ? o->held + o->held_at : "",
			  o->held_len - o->held_at };

	if (s.len > 0 && !send_some(c, &s, false))
		return RESULT_HANGUP;
	o->blocked = s.len > 0;
	o->held_at = o->held_len - (uint32_t)s.len;
	if (s.len > 0)
		return RESULT_WAIT;
	free(TAKE(o->held));
	o->held_at = o->held_len = 0;
	return RESULT_DONE;
}
