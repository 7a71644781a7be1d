/* front/pop3/board.h - XTND: another maildrop than the one that the login opened.
 *
 * Prefix: board_. poplar-auth gives a session socket for each board that the session
 * asks for. The open maildrop is closed only when the board is open: if it cannot be
 * opened, everything stays as it was.
 */
#pragma once

#include "front/state.h"
#include "ipc/channel.h"

/* The session asks BOARD. RESULT_WAIT, or RESULT_EVENT: it cannot be asked. */
MUST_USE enum result board_ask(struct conn *c, struct session_event *ev);

/* poplar-auth has answered with the session socket of a board, or with a fault. c: the
 * connection that awaits it, or NULL. RESULT_WAIT: the board is being opened, or c has
 * gone. RESULT_EVENT: for the session. */
MUST_USE enum result board_take_ok(struct conn *c, const struct message_BOARD_OK *m,
				   int fd, struct session_event *ev);
MUST_USE enum result board_take_failed(struct conn *c, uint64_t fault,
				       struct session_event *ev);

/* poplar-drop has answered for the board that is being opened. RESULT_EVENT, or
 * RESULT_ILLEGAL as in drop_take. */
MUST_USE enum result board_take(struct conn *c, struct channel_inbox *in,
				struct session_event *ev);

/* The board cannot be opened now: RESULT_EVENT. */
enum result board_fail(struct conn *c, enum fault f, struct session_event *ev);

/* The event has been stepped: forget the name of the board. */
void board_forget_name(struct conn *c);
