/* front/pop3/authlink.h - the questions to poplar-auth, and their queue.
 *
 * Prefix: authlink_. A question that cannot be sent yet, because the channel is full or
 * poplar-auth is being started again, waits in the queue (AWAITS_QUEUE).
 */
#pragma once

#include "front/pop3/state.h"

/* Send the question of connection c, as its session asks: a login, the next response of
 * an exchange, or a board. `secret` (the password, the response, or the name of the
 * board) is copied, because the question may have to wait or be repeated. RESULT_WAIT:
 * the question is sent (AWAITS_AUTH) or in the queue (AWAITS_QUEUE). RESULT_EVENT: it
 * cannot be sent, and *ev is EVENT_FAILED. */
MUST_USE enum result authlink_ask(struct conn *c, struct span secret,
				  struct session_event *ev);

/* Send the same question once more, with the secret that was copied. Results are those
 * of authlink_ask. */
MUST_USE enum result authlink_ask_again(struct conn *c, struct session_event *ev);

/* Send queued questions until the queue is empty or the channel full; then return NULL.
 * If a question can never be sent, return its connection, and the fault in *out: the
 * caller fails that question, and calls again. */
struct conn *authlink_send_queue(struct front *f, enum fault *out);

/* The connection with this id, if it awaits an answer of poplar-auth. NULL: it has
 * ended, or awaits none. */
struct conn *authlink_find(const struct front *f, uint64_t id);

/* Tell poplar-auth that it need not keep this exchange any longer (AUTH_CANCEL). */
void authlink_cancel(const struct front *f, uint64_t id, uint64_t exchange);

/* The question is answered: wipe and free the copied secret. */
void authlink_drop_secret(struct conn *c);

/* The client has cancelled, or the connection ends: remove the question from the queue,
 * wipe its secret, and cancel an exchange that poplar-auth keeps. */
void authlink_forget(struct conn *c);
