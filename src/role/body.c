/* role/body.c - a message to the client.
 *
 * Floor 4 (role). Prefix: body_. The octets come from a descriptor, never through
 * another process. The loop must not wait for a disk: what is not in memory is asked
 * for.
 */
#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "role/front.h"

void body_begin(struct conn *c, const struct body_source *source)
{
	const struct session *s = &c->session;

	c->body = (struct conn_body){ .source = *source };
	if (s->command.id == COMMAND_TOP)
		wire_start_top(&c->body.wire, s->command.lines);
	else
		wire_start(&c->body.wire);
	talk_step(c, &(struct session_event){ .kind = EVENT_BODY,
					      .octets = source->octets });
}

void body_close(struct conn *c)
{
	own_fd_close(&c->body.source.fd);
}

/* The next octets at hand, without waiting. Octets read, 0: the file ends early, or -1
 * and errno; EAGAIN: not in memory. */
static ssize_t read_some(struct conn *c, size_t most)
{
	struct front *f = c->front;
	struct conn_body *b = &c->body;
	size_t len = b->source.length - b->done < most
			     ? (size_t)(b->source.length - b->done)
			     : most;
	struct iovec iov = { f->body, len };
	off_t at = (off_t)(b->source.offset + b->done);
	ssize_t n = preadv2(b->source.fd, &iov, 1, at,
			    f->no_nowait || c->warmed ? 0 : RWF_NOWAIT);

	if (n < 0 && errno == EOPNOTSUPP) {
		f->no_nowait = true;
		n = preadv2(b->source.fd, &iov, 1, at, 0);
	}
	c->warmed = false;
	return n;
}

static void finish(struct conn *c)
{
	struct conn_body *b = &c->body;
	struct buf *out = &c->front->out;

	out->len += wire_end(&b->wire, out->at + out->len);
	if (c->session.command.id == COMMAND_RETR && b->wire.octets != b->source.octets)
		log_event(LOG_WARNING, "size-was-wrong",
			  LOG_S("user", session_user(&c->session)),
			  LOG_N("message", c->session.command.msg),
			  LOG_N("listed", b->source.octets),
			  LOG_N("sent", b->wire.octets));
	body_close(c);
	talk_step(c, &(struct session_event){ .kind = EVENT_DONE,
					      .octets = b->wire.octets });
}

static bool cut_short(struct conn *c, int sys)
{
	log_event(LOG_ERR, "message-cut", LOG_S("user", session_user(&c->session)),
		  LOG_N("message", c->session.command.msg),
		  LOG_T("error",
			sys ? strerrordesc_np(sys) : "file is shorter than it was"));
	talk_failed(c, FAULT_IO); /* ends without the dot, so that the client knows */
	return true;
}

bool body_send(struct conn *c)
{
	struct conn_body *b = &c->body;
	struct buf *out = &c->front->out;
	size_t room = buf_left(out) - WIRE_END_MAX;

	if (c->warming)
		return false;
	if (b->done < b->source.length && !b->wire.full) {
		ssize_t n = read_some(c, room < FRONT_BODY_OCTETS ? room
								  : FRONT_BODY_OCTETS);

		if (n < 0 && errno == EAGAIN) {
			maildrop_ask_warm(c, b->source.fd, b->source.offset + b->done);
			return c->session.ask != ASK_SEND;
		}
		if (n <= 0)
			return cut_short(c, n < 0 ? errno : 0);
		struct span in = { c->front->body, (size_t)n };
		out->len += wire_encode(&b->wire, &in, out->at + out->len, room);
		b->done += (size_t)n - in.len;
	}
	if (b->done == b->source.length || b->wire.full)
		finish(c);
	return true;
}
