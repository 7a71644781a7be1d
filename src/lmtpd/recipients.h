/* lmtpd/recipients.h - asks poplar-auth whose maildrop an address belongs to.
 *
 * Prefix: recipients_. A question that cannot be sent yet waits (LMTP_AWAITS_QUEUE):
 * the channel is full, poplar-auth is being started again, or `most` questions of all
 * connections are under way, which is as many as poplar-auth lets wait for a slow
 * database without refusing one.
 */
#pragma once

#include "lmtpd/state.h"

/* LMTP_ASK_RECIPIENT: ask about the session's address (RCPT_ASK), and about those of
 * the RCPT commands behind it that have come. RESULT_WAIT: the question is sent
 * (LMTP_AWAITS_AUTH) or waits, or its answer had come already and the maildrop process
 * must accept (LMTP_AWAITS_MAILDROP). RESULT_EVENT: *ev has the answer. */
MUST_USE enum result recipients_ask(struct conn *c, struct lmtp_event *ev);

/* Send questions that wait until none does or no more may be sent; then return NULL. If
 * a question whose answer a session waits for can never be sent, return its connection,
 * and the fault in *out: the caller fails that question, and calls again. */
struct conn *recipients_send_queue(struct front *f, enum fault *out);

/* Handle the message of poplar-auth in the inbox, and take over its descriptors.
 * Returns what came of it for the connection *out_c, and *ev with RESULT_EVENT. *out_c
 * is NULL if no session waits for the message. */
MUST_USE enum result recipients_take(struct front *f, struct channel_inbox *in,
				     struct conn **out_c, struct lmtp_event *ev);

/* The same for CHANNEL_CUT: the message m has lost its socket. */
MUST_USE enum result recipients_take_cut(struct front *f, const struct message *m,
					 struct conn **out_c, struct lmtp_event *ev);

/* The question whose answer the session waits for fails. Returns RESULT_EVENT. */
enum result recipients_fail(struct conn *c, enum fault f, struct lmtp_event *ev);

/* An answer is late, or the channel is lost: count no question as under way any more,
 * so that others can be sent. */
void recipients_late(struct front *f);

/* The channel is lost: each question that was sent fails. Returns whether the session
 * waits for the answer to one: the caller fails that. */
MUST_USE bool recipients_lost(struct conn *c);

/* The connection or the transaction ends: forget its questions. */
void recipients_forget(struct conn *c);
