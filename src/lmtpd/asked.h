/* lmtpd/asked.h - the questions of a connection to poplar-auth about recipients.
 *
 * Prefix: asked_. A connection has at most ASKED_MAX questions: one about the recipient
 * whom the session asks about, and others about those of RCPT commands that have come
 * behind it.
 */
#pragma once

#include "lmtpd/state.h"

enum { ASKED_MAX = 16 };

/* Add a question about this address, in ASKED_WAITS. NULL: out of memory. */
struct asked *asked_add(struct conn *c, struct span address);

/* The first question in this state; NULL: there is none. */
struct asked *asked_first(const struct conn *c, enum asked_state state);

/* How many questions are in ASKED_WAITS? */
uint32_t asked_waiting(const struct conn *c);

/* The question with this number if it is in ASKED_SENT; NULL: there is none. */
struct asked *asked_find(const struct conn *c, uint64_t number);

/* A question's state changes, and so the counts of struct lmtp_front do. */
void asked_set(struct conn *c, struct asked *a, enum asked_state state);

/* The answer has come: the user, and the socket of a delivery, which is taken over.
 * Without room for them, the question fails. */
void asked_keep(struct conn *c, struct asked *a, struct span user, int socket);

/* The answer is the fault f. */
void asked_fail(struct conn *c, struct asked *a, enum fault f);

/* Forget the first question; a socket that was kept is closed. */
void asked_drop(struct conn *c);

/* Forget all questions. An answer that comes for one of them still counts in
 * under_way. */
void asked_forget(struct conn *c);
