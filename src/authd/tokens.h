/* authd/tokens.h - databases of tokens, as poplar-auth has them.
 *
 * Prefix: tokens_.
 */
#pragma once

#include "auth/login.h"
#include "config/databases.h"

/* One of driver jwt, whose keys are in the file `name` of the folder `dir`; all three
 * stay the caller's and must stay. NULL: no memory. */
MUST_USE struct database *tokens_new(const struct database_settings *settings, int dir,
				     const char *name);

/* Hand the databases of tokens among `all`, made in `made` in the same order, over to
 * the rules, and those of users as well. */
void tokens_part(const struct databases *all, struct database *const *made,
		 struct login_rules *rules);
