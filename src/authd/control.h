/* authd/control.h - poplar-auth's answers to the operator's tool.
 *
 * Prefix: control_.
 */
#pragma once

#include "authd/logins.h"
#include "sys/pool.h"

/* Serve the operator's tool on fd, which control.c owns from here on. TEST_ASK is a
 * login: the tool hears which name is looked up, what each database says and how the
 * login ends, and after a login gets a session of the maildrop that changes nothing.
 * FIND_ASK asks where a user's maildrop is, any number of times. */
void control_begin(struct pool *pool, int fd, struct logins *logins);
