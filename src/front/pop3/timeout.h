/* front/pop3/timeout.h - the time limits of POP3: for the login, and for an idle
 * client.
 *
 * Prefix: timeout_.
 */
#pragma once

#include "front/pop3/state.h"

/* The server begins, or ends, its work for a login. That time does not count for
 * login-timeout. */
void timeout_work(struct conn *c);
void timeout_rest(struct conn *c);

/* When the nearest time limit ends (struct protocol). */
uint64_t timeout_due(const struct conn *c);

enum timeout {
	TIMEOUT_QUESTION, /* the wait of AWAITS_DELAY or AWAITS_REFUSAL is over */
	TIMEOUT_LOGIN,    /* the server has worked too long on a login */
	TIMEOUT_CLIENT,   /* the client is late; timeout_text says for what */
};

/* A time limit has ended: which? */
enum timeout timeout_which(const struct conn *c);

/* After TIMEOUT_CLIENT: what the client was late for, as a text for the log. */
const char *timeout_text(const struct conn *c);
