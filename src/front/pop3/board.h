/* front/pop3/board.h - XTND: opens another maildrop than that of the login.
 *
 * Prefix: board_. For each board that the session asks for, poplar-auth sends a session
 * socket. The present maildrop is closed only when the board is open. If the board
 * cannot be opened, the session keeps its maildrop, with all deletion marks.
 */
#pragma once

#include "front/pop3/state.h"
#include "ipc/channel.h"

/* ASK_BOARD: send the question to poplar-auth. RESULT_WAIT. RESULT_EVENT: it cannot be
 * sent. */
MUST_USE enum result board_ask(struct conn *c, struct session_event *ev);

/* poplar-auth has answered: board_take_ok, with the session socket fd of a board, which
 * is taken over; board_take_failed, with a fault. c is the connection that awaits the
 * answer; NULL: it has ended. RESULT_WAIT: the board is being opened, or c is NULL.
 * RESULT_EVENT: the question has failed, or the list of boards has ended. */
MUST_USE enum result board_take_ok(struct conn *c, const struct message_BOARD_OK *m,
				   int fd, struct session_event *ev);
MUST_USE enum result board_take_failed(struct conn *c, uint64_t fault,
				       struct session_event *ev);

/* poplar-drop has answered for the board that is being opened. RESULT_EVENT: the board
 * is open, or cannot be opened. RESULT_ILLEGAL: as with drop_take. */
MUST_USE enum result board_take(struct conn *c, struct channel_inbox *in,
				struct session_event *ev);

/* The board cannot be opened: close its session socket. Returns RESULT_EVENT; while
 * boards are listed, the event is EVENT_BOARD with an empty line. */
enum result board_fail(struct conn *c, enum fault f, struct session_event *ev);

/* Free the board's name, which the last event borrowed. Call it after each step of the
 * session. */
void board_forget_name(struct conn *c);
