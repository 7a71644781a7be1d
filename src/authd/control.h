/* authd/control.h - poplar-auth's answers to the operator's tool.
 *
 * Prefix: control_.
 */
#pragma once

#include "authd/logins.h"
#include "sys/pool.h"

/* Serve the operator's tool on fd, which control.c owns from then on. TEST_ASK tries a
 * login: the tool is sent each name that is looked up, the answer of each database and
 * the result, and, if the login is good, a session socket for the maildrop that can
 * change nothing. TEST_RECIPIENT asks who gets the mail of an address: the answers are
 * the same, without a session socket. After either the channel is closed. FIND_ASK asks
 * where a user's maildrop is; the tool may send it any number of times. */
void control_begin(struct pool *pool, int fd, struct logins *logins);
