/* authd/control.h - poplar-auth's answers to the operator's tool.
 *
 * Prefix: control_.
 */
#pragma once

#include "authd/logins.h"
#include "sys/pool.h"

/* The operator's tool has come: hear its one question, and tell which name is looked
 * for by the rules of logins, what each database says and what comes of it. Where that
 * is a login, the tool gets a session of the maildrop that changes nothing. fd is
 * authtest's own. */
void control_begin(struct pool *pool, int fd, struct logins *logins);
