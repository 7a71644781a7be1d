/* pop3/transaction.h - carries out the commands of TRANSACTION, and QUIT.
 *
 * Prefix: transaction_. Parts of the session's step: see pop3/session.h.
 */
#pragma once

#include "pop3/state.h"

/* transaction_list carries out LIST and UIDL, transaction_fetch RETR and TOP. */
session_command_fn transaction_stat, transaction_list, transaction_fetch,
	transaction_dele, transaction_rset, transaction_noop, transaction_quit;

/* Take the answer to ASK_MARKS, ASK_RECORDS or ASK_BODY. Returns the next ask. */
enum session_ask transaction_marks(struct session *s, uint64_t *bits);
enum session_ask transaction_record(struct session *s, const struct session_event *ev,
				    struct buf *out);
enum session_ask transaction_body(struct session *s, const struct session_event *ev,
				  struct buf *out);

/* Take the answer to ASK_SEND: count the octets in s->tally and, if the whole message
 * was sent, note its retrieval. */
void transaction_sent(struct session *s, const struct session_event *ev);

/* Take the answer to ASK_COMMIT. Returns the next ask. */
enum session_ask transaction_committed(struct session *s,
				       const struct session_event *ev, struct buf *out);
