/* front/pop3/login.h - logs a client in: sends the question to poplar-auth, and handles
 * the answers.
 *
 * Prefix: login_. The client gets a refusal only after the delay that poplar-auth
 * demands (AWAITS_REFUSAL). If an attempt must wait, the front sends the question again
 * after the wait (AWAITS_DELAY). A question to which poplar-auth has not answered when
 * it dies fails, and is not sent again: it may have killed poplar-auth.
 */
#pragma once

#include "front/pop3/state.h"
#include "ipc/message.h"

/* ASK_LOGIN: send the question. RESULT_WAIT. RESULT_EVENT: it cannot be sent. */
MUST_USE enum result login_ask(struct conn *c, struct session_event *ev);

/* TIMEOUT_QUESTION: the wait is over. RESULT_EVENT: the refusal, or the question
 * cannot be sent. RESULT_WAIT: the question has been sent again. */
MUST_USE enum result login_due(struct conn *c, struct session_event *ev);

/* Fail the login at once, and log the refusal. Returns RESULT_EVENT. */
enum result login_refuse(struct conn *c, enum fault f, struct session_event *ev);

/* Handle an answer of poplar-auth for connection c, which awaits it (authlink_find). If
 * c is NULL, the connection has ended: the answer is dropped, and RESULT_WAIT returned.
 * RESULT_EVENT: a challenge, or the login has failed. RESULT_DONE: the attempt must
 * wait (AWAITS_DELAY). RESULT_WAIT: the maildrop is being opened (AWAITS_MAILDROP), or
 * the client gets the refusal later (AWAITS_REFUSAL). */
MUST_USE enum result login_take_ok(struct conn *c, const struct message_AUTH_OK *m,
				   int fd, struct session_event *ev);
MUST_USE enum result login_take_more(struct front *f, struct conn *c,
				     const struct message_AUTH_MORE *m,
				     struct session_event *ev);
MUST_USE enum result login_take_later(struct front *f, struct conn *c,
				      const struct message_AUTH_LATER *m);
MUST_USE enum result login_take_failed(struct conn *c,
				       const struct message_AUTH_FAILED *m,
				       struct session_event *ev);

/* The same for an AUTH_OK that has lost its session socket (CHANNEL_CUT). */
MUST_USE enum result login_take_cut(struct conn *c, const struct message_AUTH_OK *m,
				    struct session_event *ev);
