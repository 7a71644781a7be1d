/* pop3/xtnd.h - carries out XTND: extensions and boards.
 *
 * Prefix: xtnd_. Parts of the session machine, see pop3/session.h. The command is from
 * draft-rauschenbach-pop3-framework-00, its verbs for boards are from RFC 1082.
 */
#pragma once

#include "pop3/state.h"

session_command_fn xtnd_begin;

/* Take the answer to ASK_BOARD, and return the next ask. xtnd_board, EVENT_BOARD: write
 * the board's line; with BOARD_EACH, ask for the next board. xtnd_told, EVENT_DONE: end
 * the list of boards. xtnd_opened, EVENT_OPENED: the maildrop that was opened becomes
 * the session's. */
enum session_ask xtnd_board(struct session *s, const struct session_event *ev,
			    struct buf *out);
enum session_ask xtnd_told(struct session *s, struct buf *out);
enum session_ask xtnd_opened(struct session *s, const struct session_event *ev,
			     struct buf *out);

/* The fault to report to the client when opening a board has failed with f. */
enum fault xtnd_fault(enum fault f);

/* Has a part of the list of boards been written, so that a failure cannot become
 * "-ERR"? */
bool xtnd_is_half_said(const struct session *s);
