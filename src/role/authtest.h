/* role/authtest.h - poplar-auth's answers to the operator's tool.
 *
 * Floor 4 (role). Prefix: authtest_.
 */
#pragma once

#include "auth/login.h"
#include "config/settings.h"
#include "sys/crew.h"

/* The operator's tool has come: hear its one question, and tell which name is looked
 * for by these rules, what each of them says and what comes of it. fd is authtest's
 * own. */
void authtest_begin(struct crew *crew, int fd, const struct login_rules *rules,
		    const struct settings *settings);
