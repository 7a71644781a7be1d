/* lmtpd/recipients.h - asks poplar-auth whose maildrop an address belongs to.
 *
 * Prefix: recipients_. A question that cannot be sent yet, because the channel is full
 * or poplar-auth is being started again, waits (LMTP_AWAITS_QUEUE).
 */
#pragma once

#include "lmtpd/state.h"

/* LMTP_ASK_RECIPIENT: ask about the session's address (RCPT_ASK). RESULT_WAIT: the
 * question is sent (LMTP_AWAITS_AUTH) or waits. RESULT_EVENT: it cannot be sent. */
MUST_USE enum result recipients_ask(struct conn *c, struct lmtp_event *ev);

/* Send questions that wait until none does or the channel is full; then return NULL. If
 * a question can never be sent, return its connection, and the fault in *out: the
 * caller fails that question, and calls again. */
struct conn *recipients_send_queue(struct front *f, enum fault *out);

/* Handle the message of poplar-auth in the inbox, and take over its descriptors.
 * Returns what came of it for the connection *out_c, and *ev with RESULT_EVENT. *out_c
 * is NULL if no connection waits for the message. */
MUST_USE enum result recipients_take(struct front *f, struct channel_inbox *in,
				     struct conn **out_c, struct lmtp_event *ev);

/* The same for CHANNEL_CUT: the message m has lost its socket. */
MUST_USE enum result recipients_take_cut(struct front *f, const struct message *m,
					 struct conn **out_c, struct lmtp_event *ev);

/* The question of c fails. Returns RESULT_EVENT. */
enum result recipients_fail(struct conn *c, enum fault f, struct lmtp_event *ev);

/* The connection ends, or its client starts a new transaction: its question waits no
 * longer. */
void recipients_forget(struct conn *c);
