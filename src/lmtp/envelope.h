/* lmtp/envelope.h - carries out MAIL, RCPT and RSET.
 *
 * Prefix: envelope_.
 */
#pragma once

#include "lmtp/state.h"

lmtp_command_fn envelope_mail, envelope_rcpt, envelope_rset;

/* Will this line, if it comes while a transaction is open, ask for a recipient? Writes
 * the address that it asks for to *out, which is empty and has room for
 * PATH_MAILBOX_MAX octets. */
bool envelope_recipient(const struct lmtp_session *s, struct span line,
			struct buf *out);

/* The answer to LMTP_ASK_RECIPIENT: the recipient takes the message or, with a fault,
 * does not. Both write the reply to RCPT and return LMTP_ASK_READ. */
enum lmtp_ask envelope_accepted(struct lmtp_session *s, struct buf *out);
enum lmtp_ask envelope_refused(struct lmtp_session *s, enum fault f, struct buf *out);

/* Forget the transaction. */
void envelope_forget(struct lmtp_session *s);
