/* front/pop3/authlink.h - the channel to poplar-auth, and the queue of questions.
 *
 * Prefix: authlink_. A question that cannot be sent yet, because the channel is full or
 * poplar-auth is being started again, waits in the queue (AWAITS_QUEUE).
 */
#pragma once

#include "front/pop3/state.h"
#include "ipc/message.h"

/* Use fd, a new channel to poplar-auth, which the front takes over, and ask which
 * mechanisms poplar-auth can check. The loop calls `wake` when something comes. The
 * caller has closed the old channel. False: out of memory, which has been logged. */
MUST_USE bool authlink_open(struct front *f, int fd,
			    void (*wake)(struct loop_watch *watch, unsigned events));
void authlink_close(struct front *f);

/* Send a message that belongs to no question of a connection. FAULT_PEER: the front has
 * no channel to poplar-auth. Other faults are those of channel_send. */
MUST_USE enum fault authlink_tell(const struct front *f, const struct message *m);

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
