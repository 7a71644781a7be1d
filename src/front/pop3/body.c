/* front/pop3/body.c - sends one message to the client.
 *
 * Prefix: body_.
 */
#include "front/pop3/body.h"

#include <errno.h>

#include "base/log.h"
#include "front/output.h"
#include "front/pop3/droplink.h"
#include "front/pop3/surrogate.h"

/* How much of a message sendfile(2) sends: up to FILE_MOST octets at a time, but not
 * the last FILE_REST octets, which are read. If fewer than FILE_LEAST octets are left,
 * reading all of them costs less. */
enum {
	FILE_MOST = 262144,
	FILE_LEAST = POP3_BODY_OCTETS,
	FILE_REST = 16384,
};

/* The most octets of a message that one step makes a surrogate of: a hostile header
 * costs 400 ns for each. */
enum { SURROGATE_MOST = 4096 };

/* Does TOP ask for fewer lines than there may be? A message has at most as many lines
 * as octets, so TOP with more lines than that is sent as RETR is. */
static bool is_limited(const struct conn *c)
{
	const struct command *command = &c->pop3->session.command;

	return command->id == COMMAND_TOP &&
	       command->lines < c->pop3->body.source.length;
}

enum result body_begin(struct conn *c, const struct body_source *source,
		       struct session_event *ev)
{
	const struct reader_given given = { source->fd, source->kind, source->offset,
					    source->window };
	struct body *b = &c->pop3->body;

	*b = (struct body){ .source = *source };
	reader_open(&b->reader, c->pop3->session.command.msg, &given);
	const enum fault f = surrogate_begin(c);
	if (f) {
		body_close(c);
		return result_failed(ev, f);
	}
	if (is_limited(c))
		wire_start_top(&b->wire, c->pop3->session.command.lines);
	else
		wire_start(&b->wire);
	*ev = (struct session_event){ .kind = EVENT_BODY, .octets = b->source.octets };
	return RESULT_EVENT;
}

void body_close(struct conn *c)
{
	reader_close(&c->pop3->body.reader);
	surrogate_close(c);
}

/* The whole message was sent: compare its octets with those that LIST gave. */
static void check_size(const struct conn *c)
{
	const struct body *b = &c->pop3->body;

	if (b->wire.octets == b->source.octets)
		return;
	log_event(LOG_WARNING, "size-was-wrong",
		  LOG_S("user", session_user(&c->pop3->session)),
		  LOG_N("message", c->pop3->session.command.msg),
		  LOG_N("listed", b->source.octets), LOG_N("sent", b->wire.octets));
	droplink_report_corruption(c);
}

static enum result finish(struct conn *c, struct session_event *ev)
{
	struct body *b = &c->pop3->body;
	struct buf *out = &c->front->out;

	out->len += wire_end(&b->wire, out->at + out->len);
	const bool whole = b->done == b->source.length && !b->wire.cut;
	if (whole)
		check_size(c);
	body_close(c);
	*ev = (struct session_event){ .kind = EVENT_DONE,
				      .whole = whole,
				      .octets = b->wire.octets };
	return RESULT_EVENT;
}

static enum result cut_short(const struct conn *c, const char *why,
			     struct session_event *ev)
{
	log_event(LOG_ERR, "message-cut",
		  LOG_S("user", session_user(&c->pop3->session)),
		  LOG_N("message", c->pop3->session.command.msg), LOG_T("error", why));
	return result_failed(ev, FAULT_IO);
}

enum result body_fail(const struct conn *c, enum fault f, struct session_event *ev)
{
	return cut_short(c, fault_text(f), ev);
}

/* What came of sending one piece of a message. */
enum piece { PIECE_WENT, PIECE_NOT_AT_HAND, PIECE_CUT, PIECE_SOCKET_FULL };

static enum piece read_failed(ssize_t n)
{
	if (n == 0)
		errno = 0; /* the file ends early */
	return errno == EAGAIN ? PIECE_NOT_AT_HAND : PIECE_CUT;
}

/* Read the next octets, and append them to the replies as they go over the wire. `raw`:
 * they are stored in that form. */
static enum piece send_read(struct conn *c, bool raw)
{
	struct body *b = &c->pop3->body;
	struct buf *out = &c->front->out;
	const uint64_t left = b->source.length - b->done;
	char *const end = out->at + out->len;
	size_t room = buf_left(out) - WIRE_END_MAX;
	const size_t most = b->downgrade ? SURROGATE_MOST : POP3_BODY_OCTETS;
	size_t len = room < most ? room : most;

	len = left < len ? (size_t)left : len;
	ssize_t n = reader_read(&b->reader, b->done, raw ? end : c->front->pop3->body,
				1, len);
	if (n <= 0)
		return read_failed(n);
	if (raw) {
		out->len += (size_t)n;
		b->done += (size_t)n;
		wire_passed(&b->wire, (struct span){ end, (size_t)n });
		return PIECE_WENT;
	}
	struct span in = { c->front->pop3->body, (size_t)n };
	out->len += surrogate_encode(b, &in, end, room);
	b->done += (size_t)n - in.len;
	return PIECE_WENT;
}

/* Send the next `len` octets with sendfile(2), which waits for the disk if they are not
 * in memory. If the first and the last octet are in memory, we assume that those
 * between are, too; if they are not, the loop waits for one read of the disk. */
static enum piece send_file(struct conn *c, size_t len)
{
	struct body *b = &c->pop3->body;
	char octet;
	ssize_t n = reader_read(&b->reader, b->done, &octet, 1, 1);

	if (n > 0)
		n = reader_read(&b->reader, b->done + len - 1, &octet, 1, 1);
	if (n <= 0)
		return read_failed(n);
	n = output_file(c, b->reader.fd, b->source.offset + b->done, len);
	if (n < 0 && errno == EAGAIN)
		return PIECE_SOCKET_FULL;
	if (n < 0) { /* the file or the socket failed: reading shows which */
		b->reader.no_sendfile |= errno == EINVAL || errno == ENOSYS;
		return send_read(c, true);
	}
	b->done += (size_t)n;
	b->wire.octets += (size_t)n;
	return n > 0 ? PIECE_WENT : read_failed(n);
}

/* Octets that are stored as they go over the wire need no encoding, and sendfile(2)
 * sends most of them. The last ones are read, so that one call sends them with the
 * final dot. */
static enum piece send_piece(struct conn *c)
{
	const struct body *b = &c->pop3->body;
	const uint64_t left = b->source.length - b->done;
	const bool raw = b->source.ready && !b->wire.top;

	if (!raw || c->client.tls || !reader_sends(&b->reader) || left < FILE_LEAST)
		return send_read(c, raw);
	return send_file(c, left - FILE_REST < FILE_MOST ? (size_t)left - FILE_REST
							 : FILE_MOST);
}

enum result body_send(struct conn *c, struct session_event *ev)
{
	struct body *b = &c->pop3->body;
	enum piece got = PIECE_WENT;

	if (b->done < b->source.length && !b->wire.full)
		got = send_piece(c);
	switch (got) {
	case PIECE_WENT:
		break;
	case PIECE_NOT_AT_HAND:
		return droplink_ask_octets(c, &b->reader, b->done, ev);
	case PIECE_SOCKET_FULL:
		return RESULT_WAIT;
	case PIECE_CUT:
		return cut_short(c,
				 errno ? strerrordesc_np(errno)
				       : "file is shorter than it was",
				 ev);
	}
	return b->done == b->source.length || b->wire.full ? finish(c, ev)
							   : RESULT_DONE;
}
