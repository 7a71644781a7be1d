/* pop3/transaction.h - the commands of TRANSACTION, and QUIT.
 *
 * Prefix: transaction_. Parts of the session's step: see pop3/session.h.
 */
#pragma once

#include "pop3/state.h"

/* Begin STAT, LIST, UIDL, RETR, TOP, DELE, RSET, NOOP or QUIT, as s->command has it. */
enum session_ask transaction_begin(struct session *s, struct buf *out);

/* The answers to ASK_MARKS, ASK_RECORDS and ASK_BODY. */
enum session_ask transaction_marks(struct session *s, uint64_t *bits);
enum session_ask transaction_record(struct session *s, const struct session_event *ev,
				    struct buf *out);
enum session_ask transaction_body(struct session *s, const struct session_event *ev,
				  struct buf *out);

/* The answer to ASK_SEND: count what was sent. */
void transaction_sent(struct session *s, const struct session_event *ev);

/* The answer to ASK_COMMIT. */
enum session_ask transaction_committed(struct session *s,
				       const struct session_event *ev, struct buf *out);
