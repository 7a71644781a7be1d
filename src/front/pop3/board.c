/* front/pop3/board.c - another maildrop than the one that the login opened.
 *
 * Prefix: boards_. poplar-auth gives a session socket for each that is
 * looked at, and the maildrop before is let go only when the next one is open: where
 * that cannot be had, everything is as it was.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "front/front.h"
#include "ipc/channel.h"

bool boards_keep_ticket(struct conn *c, struct span ticket)
{
	if (ticket.len == 0)
		return true;
	c->ticket = malloc(ticket.len);
	if (!c->ticket)
		return false;
	memcpy(c->ticket, ticket.at, ticket.len);
	c->ticket_len = (uint16_t)ticket.len;
	return true;
}

enum fault boards_send_ask(const struct conn *c)
{
	const struct message m = { .kind = MESSAGE_BOARD_ASK,
				   .BOARD_ASK = {
					   .id = conn_id(c),
					   .board = c->session.board,
					   .number = c->session.number,
					   .name = { c->secret, c->secret_len },
					   .ticket = { c->ticket, c->ticket_len } } };

	return asks_tell(c->front, &m);
}

/* ---- what poplar-auth says ---- */

/* Step the session, which may ask for the next one. */
static void tell(struct conn *c, const struct session_event *ev)
{
	maildrop_detach_next(c);
	c->asked = false;
	talk_step(c, ev);
	free(TAKE(c->board));
	if (c->session.ask == ASK_BOARD)
		asks_board(c);
}

/* The connection that waits for poplar-auth; NULL: the client has gone. */
static struct conn *find(const struct front *f, uint64_t id)
{
	struct conn *c = conn_find(f, id);

	if (!c || !asks_is_awaiting(c) || !c->logged_in)
		return NULL;
	asks_drop_secret(c);
	return c;
}

static void fail(struct conn *c, enum fault f)
{
	const bool told = c->session.board == BOARD_EACH && f == FAULT_NO_BOARD;

	tell(c, &(struct session_event){ .kind = told ? EVENT_DONE : EVENT_FAILED,
					 .fault = f });
	talk_go(c);
}

void boards_take_failed(struct front *f, uint64_t id, uint64_t fault)
{
	struct conn *c = find(f, id);
	const bool known = fault > FAULT_NONE && fault < FAULT_COUNT;

	if (c)
		fail(c, known ? (enum fault)fault : FAULT_PEER);
}

void boards_take_ok(struct front *f, const struct message_BOARD_OK *m, int fd)
{
	struct conn *c = find(f, m->id);

	if (c)
		c->board = strndup(m->name.at, m->name.len);
	if (!c || !c->board)
		close(fd);
	if (c && (!c->board || !maildrop_attach(c, fd)))
		fail(c, FAULT_NOMEM);
}

/* ---- what poplar-drop says ---- */

void boards_take_refusal(struct conn *c, enum fault f)
{
	const struct session_event failed = { .kind = EVENT_FAILED, .fault = f };
	const struct session_event passed_over = { .kind = EVENT_BOARD };

	tell(c, c->session.board == BOARD_EACH ? &passed_over : &failed);
}

static void log_board(const struct conn *c)
{
	const struct session *s = &c->session;

	log_event(LOG_INFO, "board", LOG_S("user", session_user(s)),
		  LOG_T("peer", c->peer), LOG_T("board", c->board),
		  LOG_T("archive", s->board == BOARD_ARCHIVE ? "yes" : "no"),
		  LOG_N("messages", s->count), LOG_N("octets", s->octets));
}

bool boards_take_ready(struct conn *c, const struct message_READY *m, int fd)
{
	struct session_event ev = maildrop_opened(c, m);

	ev.line = span_of(c->board);
	if (c->session.board == BOARD_EACH || c->session.board == BOARD_ABOUT) {
		close(fd);
		ev.kind = EVENT_BOARD;
		tell(c, &ev);
		return true;
	}
	maildrop_switch(c);
	if (!maildrop_take_listing(c, m, fd))
		return false;
	c->asked = false;
	talk_step(c, &ev);
	log_board(c);
	free(TAKE(c->board));
	return true;
}
