/* front/pop3/droplink.c - the session sockets, and the questions that the front sends
 * over them.
 *
 * Prefix: droplink_.
 */
#include "front/pop3/droplink.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/own.h"
#include "front/pop3/links.h"

/* Octets of deletion marks in one message. */
enum { MARKS_OCTETS = 4096 };

bool droplink_attach(struct conn *c, int fd)
{
	struct drop_link *link = malloc(sizeof *link);
	struct drop *d = &c->pop3->drop;

	if (link)
		*link = (struct drop_link){ { .fd = fd,
					      .wake = c->front->pop3->drop_wake },
					    c,
					    channel_of(fd, ROLE_DROP, ROLE_FRONT) };
	if (!link || !loop_watch(&c->front->loop, &link->watch, LOOP_READ)) {
		free(link);
		close(fd);
		return false;
	}
	*(d->link ? &d->next : &d->link) = link;
	c->pop3->awaits = AWAITS_MAILDROP;
	return true;
}

static void detach(const struct conn *c, struct drop_link **at)
{
	struct drop_link *link = TAKE(*at);

	if (!link)
		return;
	link->conn = NULL;
	loop_watch(&c->front->loop, &link->watch, 0);
	loop_leave(&c->front->loop, &link->watch, link);
	close(link->watch.fd);
}

void droplink_detach(struct conn *c)
{
	detach(c, &c->pop3->drop.link);
	detach(c, &c->pop3->drop.next);
}

void droplink_detach_next(struct conn *c)
{
	detach(c, &c->pop3->drop.next);
}

void droplink_use_next(struct conn *c)
{
	detach(c, &c->pop3->drop.link);
	c->pop3->drop.link = TAKE(c->pop3->drop.next);
}

static enum fault tell(const struct conn *c, const struct message *m, int pass)
{
	return c->pop3->drop.link ? channel_send(c->pop3->drop.link->watch.fd, m, pass,
						 CHANNEL_NOW)
				  : FAULT_PEER;
}

enum fault droplink_ask_bodies(const struct conn *c, uint32_t first, uint32_t count)
{
	const struct message m = { .kind = MESSAGE_BODIES, .BODIES = { first, count } };

	return tell(c, &m, -1);
}

enum result droplink_ask_octets(struct conn *c, struct reader *r, uint64_t at,
				struct session_event *ev)
{
	const bool pages = reader_wants(r) == READER_WANTS_PAGES;
	const struct message warm = { .kind = MESSAGE_WARM,
				      .WARM = { r->base + at, MESSAGE_WARM_MAX } };
	const struct message copy = { .kind = MESSAGE_COPY, .COPY = { r->msg, at } };
	const enum fault f = pages ? tell(c, &warm, r->fd) : tell(c, &copy, -1);

	if (f)
		return result_failed(ev, f);
	c->pop3->awaits = AWAITS_OCTETS;
	c->pop3->drop.awaited = r;
	c->pop3->drop.awaited_at = at;
	return RESULT_WAIT;
}

/* ---- the commit ---- */

static bool any_mark(const char *octets, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (octets[i])
			return true;
	return false;
}

/* Send the deletion marks in pieces that the socket's queue can take. commit_at is the
 * first message whose mark is not sent yet. Pieces without a mark are left out. */
static enum fault send_marks(struct conn *c)
{
	const char *bits = (const char *)c->pop3->session.bits;
	size_t total = bits ? session_marks_octets(&c->pop3->session) : 0;
	uint32_t *next = &c->pop3->drop.commit_at;

	for (; *next / 8 < total; *next += MARKS_OCTETS * 8) {
		size_t at = *next / 8;
		size_t len = total - at < MARKS_OCTETS ? total - at : MARKS_OCTETS;
		const struct message m = { .kind = MESSAGE_MARKS,
					   .MARKS = { *next, { bits + at, len } } };
		enum fault f = any_mark(bits + at, len) ? tell(c, &m, -1) : FAULT_NONE;

		if (f)
			return f;
	}
	return FAULT_NONE;
}

enum result droplink_ask_commit(struct conn *c, struct session_event *ev)
{
	const struct message m = { .kind = MESSAGE_COMMIT,
				   .COMMIT = { c->pop3->session.marked,
					       c->pop3->session.retrieved } };
	enum fault f = send_marks(c);

	if (f == FAULT_NONE)
		f = tell(c, &m, -1);
	if (f && f != FAULT_LIMIT && f != FAULT_NOMEM) {
		c->pop3->awaits = AWAITS_NOTHING;
		return result_failed(ev, f);
	}
	c->pop3->awaits = AWAITS_COMMIT;
	loop_watch(&c->front->loop, &c->pop3->drop.link->watch,
		   LOOP_READ | (f ? LOOP_WRITE : 0));
	return RESULT_WAIT;
}

void droplink_report_corruption(const struct conn *c)
{
	const struct message m = { .kind = MESSAGE_LISTING_CORRUPT };

	fault_ignore(tell(c, &m, -1));
}
