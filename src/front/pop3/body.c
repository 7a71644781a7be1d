/* front/pop3/body.c - a message to the client.
 *
 * Prefix: body_. The octets come from a descriptor, never through
 * another process's words. The loop must not wait for a disk: what is not at hand is
 * asked for (front/reader.h).
 */
#include <errno.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "front/front.h"

/* Octets that go out without being read, at a time; where fewer are left, reading them
 * costs less. */
enum {
	FILE_MOST = 262144,
	FILE_LEAST = FRONT_BODY_OCTETS,
	FILE_REST = 16384,
};

/* Octets that are rewritten at a time: a hostile header costs 400 ns for each. */
enum { SURROGATE_MOST = 4096 };

/* A message has no more lines than octets: a TOP of so many is the whole of it, and
 * goes out as by RETR. */
static bool is_limited(const struct conn *c)
{
	const struct command *command = &c->session.command;

	return command->id == COMMAND_TOP && command->lines < c->body.source.length;
}

void body_begin(struct conn *c, const struct body_source *source)
{
	const struct reader_given given = { source->fd, source->kind, source->offset,
					    source->window };

	c->body = (struct conn_body){ .source = *source };
	reader_open(&c->body.reader, c->session.command.msg, &given);
	const enum fault f = surrogate_begin(c);
	if (f) {
		body_close(c);
		talk_failed(c, f);
		return;
	}
	if (is_limited(c))
		wire_start_top(&c->body.wire, c->session.command.lines);
	else
		wire_start(&c->body.wire);
	talk_step(c, &(struct session_event){ .kind = EVENT_BODY,
					      .octets = c->body.source.octets });
}

void body_close(struct conn *c)
{
	reader_close(&c->body.reader);
	surrogate_close(c);
}

static void finish(struct conn *c)
{
	struct conn_body *b = &c->body;
	struct buf *out = &c->front->out;

	out->len += wire_end(&b->wire, out->at + out->len);
	const bool whole = b->done == b->source.length && !b->wire.cut;
	if (whole && b->wire.octets != b->source.octets) {
		log_event(LOG_WARNING, "size-was-wrong",
			  LOG_S("user", session_user(&c->session)),
			  LOG_N("message", c->session.command.msg),
			  LOG_N("listed", b->source.octets),
			  LOG_N("sent", b->wire.octets));
		maildrop_doubt(c);
	}
	body_close(c);
	talk_step(c, &(struct session_event){ .kind = EVENT_DONE,
					      .whole = whole,
					      .octets = b->wire.octets });
}

/* Ends without the dot, so that the client knows. */
static void cut_short(struct conn *c, const char *why)
{
	log_event(LOG_ERR, "message-cut", LOG_S("user", session_user(&c->session)),
		  LOG_N("message", c->session.command.msg), LOG_T("error", why));
	talk_failed(c, FAULT_IO);
}

void body_failed(struct conn *c, enum fault f)
{
	cut_short(c, fault_text(f));
}

/* How a piece of a message went. */
enum piece { PIECE_WENT, PIECE_NOT_AT_HAND, PIECE_CUT, PIECE_SOCKET_FULL };

static enum piece read_failed(ssize_t n)
{
	if (n == 0)
		errno = 0; /* the file ends early */
	return n < 0 && errno == EAGAIN ? PIECE_NOT_AT_HAND : PIECE_CUT;
}

/* Read the next octets, and collect them as they go out. */
static enum piece send_read(struct conn *c, bool raw)
{
	struct conn_body *b = &c->body;
	struct buf *out = &c->front->out;
	const uint64_t left = b->source.length - b->done;
	char *const end = out->at + out->len;
	size_t room = buf_left(out) - WIRE_END_MAX;
	const size_t most = b->downgrade ? SURROGATE_MOST : FRONT_BODY_OCTETS;
	size_t len = room < most ? room : most;

	len = left < len ? (size_t)left : len;
	ssize_t n =
		reader_read(&b->reader, b->done, raw ? end : c->front->body, 1, len);
	if (n <= 0)
		return read_failed(n);
	if (raw) {
		out->len += (size_t)n;
		b->done += (size_t)n;
		wire_passed(&b->wire, (struct span){ end, (size_t)n });
		return PIECE_WENT;
	}
	struct span in = { c->front->body, (size_t)n };
	out->len += surrogate_encode(b, &in, end, room);
	b->done += (size_t)n - in.len;
	return PIECE_WENT;
}

/* The same without reading them. There is no sendfile(2) that never waits for a disk:
 * the first and the last octet are looked at, and what is between them is most likely
 * in memory, too. */
static enum piece send_file(struct conn *c, size_t len)
{
	struct conn_body *b = &c->body;
	char octet;
	ssize_t n = reader_read(&b->reader, b->done, &octet, 1, 1);

	if (n > 0)
		n = reader_read(&b->reader, b->done + len - 1, &octet, 1, 1);
	if (n <= 0)
		return read_failed(n);
	n = output_file(c, b->reader.fd, b->source.offset + b->done, len);
	if (n < 0 && errno == EAGAIN)
		return PIECE_SOCKET_FULL;
	if (n < 0) { /* whose trouble it is shows when it is read and sent */
		b->reader.no_sendfile |= errno == EINVAL || errno == ENOSYS;
		return send_read(c, true);
	}
	b->done += (size_t)n;
	b->wire.octets += (size_t)n;
	return n > 0 ? PIECE_WENT : read_failed(n);
}

/* What is stored as it goes out need not be looked at; and much of it not be read, but
 * for the end, which leaves in one call with the dot. */
static enum piece send_piece(struct conn *c)
{
	const struct conn_body *b = &c->body;
	const uint64_t left = b->source.length - b->done;
	const bool raw = b->source.ready && !b->wire.top;

	if (!raw || c->tls || !reader_sends(&b->reader) || left < FILE_LEAST)
		return send_read(c, raw);
	return send_file(c, left - FILE_REST < FILE_MOST ? (size_t)left - FILE_REST
							 : FILE_MOST);
}

bool body_send(struct conn *c)
{
	struct conn_body *b = &c->body;
	enum piece got = PIECE_WENT;

	if (c->awaiting)
		return false;
	if (b->done < b->source.length && !b->wire.full)
		got = send_piece(c);
	switch (got) {
	case PIECE_WENT:
		break;
	case PIECE_NOT_AT_HAND:
		maildrop_ask_octets(c, &b->reader, b->done);
		return c->session.ask != ASK_SEND;
	case PIECE_SOCKET_FULL:
		return false;
	case PIECE_CUT:
		cut_short(c, errno ? strerrordesc_np(errno)
				   : "file is shorter than it was");
		return true;
	}
	if (b->done == b->source.length || b->wire.full)
		finish(c);
	return true;
}
