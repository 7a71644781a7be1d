/* pop3/xtnd.h - the command XTND: extensions and boards.
 *
 * Prefix: xtnd_. Parts of the session machine, see pop3/session.h. The command is from
 * draft-rauschenbach-pop3-framework-00, its verbs for boards are from RFC 1082.
 */
#pragma once

#include "pop3/state.h"

/* Handle the XTND command in s->command. */
enum session_ask xtnd_begin(struct session *s, struct buf *out);

/* Handle the answer to ASK_BOARD. xtnd_board: a board that the user may read; with
 * BOARD_EACH it asks for the next. xtnd_told: there are no more boards. xtnd_opened: a
 * maildrop has been opened, and is the session's maildrop from here on. */
enum session_ask xtnd_board(struct session *s, const struct session_event *ev,
			    struct buf *out);
enum session_ask xtnd_told(struct session *s, struct buf *out);
enum session_ask xtnd_opened(struct session *s, const struct session_event *ev,
			     struct buf *out);

/* The fault to report to the client for a fault of opening a board. */
enum fault xtnd_fault(enum fault f);

/* Has a part of the list of boards been sent already? */
bool xtnd_is_half_said(const struct session *s);
