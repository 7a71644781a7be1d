/* front/pop3/board.c - XTND: opens another maildrop than that of the login.
 *
 * Prefix: board_.
 */
#include "front/pop3/board.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/own.h"
#include "front/pop3/answer.h"
#include "front/pop3/authlink.h"
#include "front/pop3/drop.h"
#include "front/pop3/droplink.h"
#include "front/pop3/hearing.h"
#include "front/pop3/readahead.h"
#include "front/pop3/records.h"
#include "front/pop3/sessionlog.h"

enum result board_ask(struct conn *c, struct session_event *ev)
{
	return authlink_ask(c, c->pop3->session.wanted, ev);
}

void board_forget_name(struct conn *c)
{
	free(TAKE(c->pop3->drop.next_name));
}

/* Close the session socket of the board, and give the session the event. */
static enum result tell(struct conn *c)
{
	droplink_detach_next(c);
	c->pop3->awaits = AWAITS_NOTHING;
	return RESULT_EVENT;
}

/* ---- answers of poplar-auth ---- */

static enum result refuse(struct conn *c, enum fault f, struct session_event *ev)
{
	const bool was_last = c->pop3->session.board == BOARD_EACH &&
			      f == FAULT_NO_BOARD;

	*ev = (struct session_event){ .kind = was_last ? EVENT_DONE : EVENT_FAILED,
				      .fault = f };
	return tell(c);
}

enum result board_take_failed(struct conn *c, uint64_t fault, struct session_event *ev)
{
	const bool known = fault > FAULT_NONE && fault < FAULT_COUNT;

	if (!c)
		return RESULT_WAIT;
	authlink_drop_secret(c);
	return refuse(c, known ? (enum fault)fault : FAULT_PEER, ev);
}

enum result board_take_ok(struct conn *c, const struct message_BOARD_OK *m, int fd,
			  struct session_event *ev)
{
	if (!c) {
		close(fd);
		return RESULT_WAIT;
	}
	authlink_drop_secret(c);
	c->pop3->drop.next_name = strndup(m->name.at, m->name.len);
	if (!c->pop3->drop.next_name) {
		close(fd);
		return refuse(c, FAULT_NOMEM, ev);
	}
	return droplink_attach(c, fd) ? RESULT_WAIT : refuse(c, FAULT_NOMEM, ev);
}

/* ---- answers of poplar-drop ---- */

enum result board_fail(struct conn *c, enum fault f, struct session_event *ev)
{
	const struct session_event passed_over = { .kind = EVENT_BOARD };

	if (c->pop3->session.board == BOARD_EACH)
		*ev = passed_over;
	else
		result_failed(ev, f);
	return tell(c);
}

/* Put the board in the place of the maildrop that is open. Nothing of that stays: no
 * body that was read ahead, no listing, no deletion mark. */
static bool change_maildrop(struct conn *c, const struct message_READY *m, int fd)
{
	droplink_use_next(c);
	readahead_free(c);
	records_close(c);
	free(TAKE(c->pop3->session.bits));
	return records_open(c, m, fd);
}

static enum result take_ready(struct conn *c, const struct message_READY *m, int fd,
			      struct session_event *ev)
{
	drop_opened(c, m, ev);
	ev->line = span_of(c->pop3->drop.next_name);
	if (c->pop3->session.board == BOARD_EACH ||
	    c->pop3->session.board == BOARD_ABOUT) {
		close(fd);
		ev->kind = EVENT_BOARD;
		return tell(c);
	}
	if (!change_maildrop(c, m, fd))
		return RESULT_ILLEGAL;
	c->pop3->awaits = AWAITS_NOTHING;
	sessionlog_board(c, ev);
	return RESULT_EVENT;
}

/* Until the board is open, READY and FAILED are the only answers that may come. */
static bool on_other(void *arg, const struct message *m, struct channel_files *files)
{
	(void)m;
	while (files->count > 0)
		close(files->at[--files->count]);
	return hearing_gives(arg, RESULT_ILLEGAL);
}

static bool on_ready(void *arg, const struct message *m, struct channel_files *files)
{
	struct hearing *h = arg;

	if (!answer_ready_is_sound(&m->READY))
		return on_other(arg, m, files);
	return hearing_gives(h, take_ready(h->c, &m->READY, files->at[0], h->ev));
}

static bool on_failed(void *arg, const struct message *m, struct channel_files *none)
{
	const uint64_t fault = m->FAILED.fault;
	struct hearing *h = arg;

	if (fault == FAULT_NONE || fault >= FAULT_COUNT)
		return on_other(arg, m, none);
	return hearing_gives(h, board_fail(h->c, (enum fault)fault, h->ev));
}

#define HEARS_DROP(X)                                                                  \
	X(READY, on_ready)                                                             \
	X(FAILED, on_failed)                                                           \
	X(BODIES_ARE, on_other)                                                        \
	X(WARMED, on_other)                                                            \
	X(COPIED, on_other)                                                            \
	X(DONE, on_other)
DISPATCH(from_drop, DROP, FRONT, HEARS_DROP);

enum result board_take(struct conn *c, struct channel_inbox *in,
		       struct session_event *ev)
{
	struct hearing h = { c->front, c, ev, RESULT_ILLEGAL };

	dispatch(&from_drop, &h, in);
	return h.result;
}
