/* front/pop3/drop.c - handles the answers of poplar-drop for the session's maildrop.
 * front/pop3/board.h handles those for a board that is being opened.
 *
 * Prefix: drop_.
 */
#include "front/pop3/drop.h"

#include <unistd.h>

#include "front/deadline.h"
#include "front/pop3/answer.h"
#include "front/pop3/body.h"
#include "front/pop3/droplink.h"
#include "front/pop3/hearing.h"
#include "front/pop3/readahead.h"
#include "front/pop3/records.h"
#include "front/pop3/sessionlog.h"
#include "front/pop3/timeout.h"

void drop_opened(const struct conn *c, const struct message_READY *m,
		 struct session_event *ev)
{
	*ev = (struct session_event){ .kind = EVENT_OPENED,
				      .count = (uint32_t)m->count,
				      .octets = c->pop3->session.utf8 ? m->octets
								      : m->ascii_octets,
				      .read_only = m->read_only > 0,
				      .maxima = (uint32_t)m->maxima,
				      .terms = {
					      (uint32_t)m->login_delay,
					      (uint32_t)m->expire,
					      (enum retrieval)m->retrieval,
				      } };
}

static enum result take_ready(struct conn *c, const struct message_READY *m, int fd,
			      struct session_event *ev)
{
	if (c->pop3->awaits != AWAITS_MAILDROP || c->pop3->session.ask != ASK_LOGIN ||
	    !answer_ready_is_sound(m)) {
		close(fd);
		return RESULT_ILLEGAL;
	}
	if (!records_open(c, m, fd))
		return RESULT_ILLEGAL;
	c->pop3->awaits = AWAITS_NOTHING;
	deadline_active(c);
	drop_opened(c, m, ev);
	sessionlog_login(c, ev);
	return RESULT_EVENT;
}

/* Does the session wait for poplar-drop? */
static bool awaits_drop(const struct conn *c)
{
	return c->pop3->awaits == AWAITS_MAILDROP || c->pop3->awaits == AWAITS_BODY ||
	       c->pop3->awaits == AWAITS_OCTETS || c->pop3->awaits == AWAITS_COMMIT;
}

static enum result fail(struct conn *c, enum fault f, struct session_event *ev)
{
	if (c->pop3->session.ask == ASK_LOGIN) {
		sessionlog_refusal(c, f);
		droplink_detach(c);
		timeout_rest(c);
	}
	c->pop3->awaits = AWAITS_NOTHING;
	return c->pop3->session.ask == ASK_SEND ? body_fail(c, f, ev)
						: result_failed(ev, f);
}

static enum result take_failed(struct conn *c, uint64_t fault, struct session_event *ev)
{
	if (!awaits_drop(c) || c->pop3->session.ask == ASK_BOARD ||
	    fault == FAULT_NONE || fault >= FAULT_COUNT)
		return RESULT_ILLEGAL;
	return fail(c, (enum fault)fault, ev);
}

/* ---- messages ---- */

/* Each body without a fault takes the next descriptor of the message. FAULT_LIMIT:
 * there is none left, because the kernel had no room for it in this process. */
static enum fault read_body(const struct message_body *b, struct channel_files *files,
			    size_t *io_next, struct body_source *out)
{
	const enum fault f = answer_body(b, out);

	if (f)
		return f;
	if (*io_next == files->count)
		return FAULT_LIMIT;
	out->fd = files->at[(*io_next)++];
	return FAULT_NONE;
}

/* Take every body of the list. At most one of them is the one that the session waits
 * for. */
static enum result take_bodies(struct conn *c, struct span list,
			       struct channel_files *files, struct session_event *ev)
{
	struct message_body body;
	size_t next = 0;
	bool good = list.len > 0 && list.len % sizeof body == 0;
	enum result all = RESULT_DONE;

	for (; good && list.len > 0; list = span_after(list, sizeof body)) {
		struct body_source source;

		memcpy(&body, list.at, sizeof body);
		const enum fault f = read_body(&body, files, &next, &source);
		const enum result one = f == FAULT_PEER
						? RESULT_ILLEGAL
						: readahead_take(c, f, &source, ev);
		good = one != RESULT_ILLEGAL;
		if (one == RESULT_EVENT)
			all = RESULT_EVENT;
	}
	while (next < files->count) { /* more descriptors than messages */
		close(files->at[next++]);
		good = false;
	}
	return good ? all : RESULT_ILLEGAL;
}

/* The octets that were asked for are in the page cache now. */
static enum result take_warmed(struct conn *c)
{
	if (c->pop3->awaits != AWAITS_OCTETS ||
	    c->pop3->drop.awaited->kind != READER_FILE)
		return RESULT_ILLEGAL;
	c->pop3->awaits = AWAITS_NOTHING;
	return RESULT_DONE;
}

/* The octets that were asked for have come, as a descriptor of memory. */
static enum result take_copied(struct conn *c, const struct message_COPIED *m, int fd)
{
	const struct reader_given given = { fd, answer_kind(m->given), 0, m->octets };
	struct drop *d = &c->pop3->drop;

	if (c->pop3->awaits != AWAITS_OCTETS || d->awaited->kind != READER_WINDOW ||
	    given.kind == READER_NONE) {
		close(fd);
		return RESULT_ILLEGAL;
	}
	c->pop3->awaits = AWAITS_NOTHING;
	reader_take(d->awaited, d->awaited_at, &given);
	return RESULT_DONE;
}

static enum result take_done(struct conn *c, const struct message_DONE *m,
			     struct session_event *ev)
{
	const uint64_t octets = c->pop3->session.utf8 ? m->octets : m->ascii_octets;

	if (c->pop3->awaits != AWAITS_COMMIT || m->left > c->pop3->session.count ||
	    octets > c->pop3->session.octets)
		return RESULT_ILLEGAL;
	c->pop3->awaits = AWAITS_NOTHING;
	c->pop3->drop.committed = true;
	*ev = (struct session_event){ .kind = EVENT_DONE,
				      .count = (uint32_t)m->left,
				      .octets = octets };
	return RESULT_EVENT;
}

static bool on_ready(void *arg, const struct message *m, struct channel_files *files)
{
	struct hearing *h = arg;

	return hearing_gives(h, take_ready(h->c, &m->READY, files->at[0], h->ev));
}

static bool on_failed(void *arg, const struct message *m, struct channel_files *none)
{
	struct hearing *h = arg;

	(void)none;
	return hearing_gives(h, take_failed(h->c, m->FAILED.fault, h->ev));
}

static bool on_bodies(void *arg, const struct message *m, struct channel_files *files)
{
	struct hearing *h = arg;

	return hearing_gives(h, take_bodies(h->c, m->BODIES_ARE.list, files, h->ev));
}

static bool on_warmed(void *arg, const struct message *m, struct channel_files *none)
{
	struct hearing *h = arg;

	(void)m, (void)none;
	return hearing_gives(h, take_warmed(h->c));
}

static bool on_copied(void *arg, const struct message *m, struct channel_files *files)
{
	struct hearing *h = arg;

	return hearing_gives(h, take_copied(h->c, &m->COPIED, files->at[0]));
}

static bool on_done(void *arg, const struct message *m, struct channel_files *none)
{
	struct hearing *h = arg;

	(void)none;
	return hearing_gives(h, take_done(h->c, &m->DONE, h->ev));
}

#define HEARS_DROP(X)                                                                  \
	X(READY, on_ready)                                                             \
	X(FAILED, on_failed)                                                           \
	X(BODIES_ARE, on_bodies)                                                       \
	X(WARMED, on_warmed)                                                           \
	X(COPIED, on_copied)                                                           \
	X(DONE, on_done)
DISPATCH(from_drop, DROP, FRONT, HEARS_DROP);

enum result drop_take(struct conn *c, struct channel_inbox *in,
		      struct session_event *ev)
{
	struct hearing h = { c->front, c, ev, RESULT_ILLEGAL };

	dispatch(&from_drop, &h, in);
	return h.result;
}

/* READY and COPIED alone must have a descriptor; BODIES_ARE can do without some of its
 * own (read_body). */
enum result drop_take_cut(struct conn *c, struct session_event *ev)
{
	return take_failed(c, FAULT_LIMIT, ev);
}

enum result drop_lost(struct conn *c, struct session_event *ev)
{
	if (c->pop3->awaits == AWAITS_NOTHING || c->pop3->awaits == AWAITS_OCTETS ||
	    c->pop3->session.ask == ASK_BOARD)
		return result_over(c, "maildrop-lost");
	droplink_detach(c);
	return fail(c, FAULT_PEER, ev);
}
