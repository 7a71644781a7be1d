/* front/pop3/login.h - a login: the question whether the client has proved who it is,
 * and the answers of poplar-auth.
 *
 * Prefix: login_. A refusal is told after the delay that poplar-auth demands
 * (AWAITS_REFUSAL); an attempt that must wait is made again after its delay
 * (AWAITS_DELAY). A question that was sent when poplar-auth died is answered with a
 * fault and not repeated: it may be what killed poplar-auth.
 */
#pragma once

#include "front/state.h"
#include "ipc/message.h"

/* The session asks LOGIN. RESULT_WAIT, or RESULT_EVENT: it cannot be asked. */
MUST_USE enum result login_ask(struct conn *c, struct session_event *ev);

/* DEADLINE_QUESTION: the delay is over. RESULT_EVENT: the refusal, or the question
 * cannot be sent again. RESULT_WAIT: the question is sent again. */
MUST_USE enum result login_due(struct conn *c, struct session_event *ev);

/* The login fails at once, and the log says why: RESULT_EVENT. */
enum result login_refuse(struct conn *c, enum fault f, struct session_event *ev);

/* Answers of poplar-auth, each for the connection that awaits it (authlink_find); NULL:
 * it has gone, and RESULT_WAIT comes back. RESULT_EVENT: a challenge, or the login has
 * failed. RESULT_DONE: the client is watched for its hangup only. RESULT_WAIT: the
 * maildrop is being opened (AWAITS_MAILDROP), or the refusal is told later. */
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

/* AUTH_OK came, but the kernel dropped the session socket. */
MUST_USE enum result login_take_cut(struct conn *c, const struct message_AUTH_OK *m,
				    struct session_event *ev);
