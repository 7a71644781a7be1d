/* front/pop3/authlink.h - the channel to poplar-auth, and the queue of questions.
 *
 * Prefix: authlink_. A question that cannot be sent, because poplar-auth is busy or is
 * being started again, waits in the queue (AWAITS_QUEUE).
 */
#pragma once

#include "front/state.h"
#include "ipc/message.h"

/* Use a new channel, which the front now owns, and ask which mechanisms poplar-auth can
 * check. `wake` is called for what comes. False: out of memory; that is logged. The
 * caller has closed the channel before it. */
MUST_USE bool authlink_open(struct front *f, int fd,
			    void (*wake)(struct loop_watch *watch, unsigned events));
void authlink_close(struct front *f);

/* Send a message that is no question of a connection. FAULT_PEER: there is no channel;
 * otherwise as channel_send. */
MUST_USE enum fault authlink_tell(const struct front *f, const struct message *m);

/* Send c's question: a login, the next response of an exchange, or a board, as the
 * session asks. `secret` is copied, as the question may have to wait or be repeated.
 * RESULT_WAIT: it is sent (AWAITS_AUTH) or in the queue (AWAITS_QUEUE). RESULT_EVENT:
 * it cannot be asked. */
MUST_USE enum result authlink_ask(struct conn *c, struct span secret,
				  struct session_event *ev);

/* The same for a question that has been sent before. */
MUST_USE enum result authlink_ask_again(struct conn *c, struct session_event *ev);

/* Send questions of the queue as far as the channel takes them. Returns a connection
 * whose question can never be sent, and the fault: the caller fails it and calls again.
 * NULL: the queue is empty, or the channel is full. */
struct conn *authlink_send_queue(struct front *f, enum fault *out);

/* The connection that awaits an answer with this id; NULL: it has gone. */
struct conn *authlink_find(const struct front *f, uint64_t id);

/* poplar-auth need not keep that exchange any longer. */
void authlink_cancel(const struct front *f, uint64_t id, uint64_t exchange);

/* The question is answered: wipe what was asked with. */
void authlink_drop_secret(struct conn *c);

/* The client has given up its question, or goes away: leave the queue, and tell
 * poplar-auth. */
void authlink_forget(struct conn *c);
