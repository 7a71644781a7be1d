/* pop3/xtnd.h - the command XTND: what the server can do, and boards.
 *
 * Prefix: xtnd_. Parts of the session: see pop3/session.h.
 * draft-rauschenbach-pop3-framework-00; its verbs for boards are of RFC 1082.
 */
#pragma once

#include "pop3/state.h"

/* XTND, as it stands in s->command. */
enum session_ask xtnd_begin(struct session *s, struct buf *out);

/* One of the boards that the user may read; there are no more; one has been opened, and
 * the session is about it now. */
enum session_ask xtnd_board(struct session *s, const struct session_event *ev,
			    struct buf *out);
enum session_ask xtnd_told(struct session *s, struct buf *out);
enum session_ask xtnd_opened(struct session *s, const struct session_event *ev,
			     struct buf *out);

/* What went wrong with a board, in the words for that. */
enum fault xtnd_fault(enum fault f);

/* Has the list of boards been begun? */
bool xtnd_is_half_said(const struct session *s);
