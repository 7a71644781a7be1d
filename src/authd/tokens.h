/* authd/tokens.h - the databases of tokens that poplar-auth asks.
 *
 * Prefix: tokens_.
 */
#pragma once

#include "auth/login.h"
#include "config/databases.h"

/* A database of driver jwt, with its keys in the file `name` of the folder `dir`. The
 * caller keeps all three, which must outlive the database. NULL: no memory. */
MUST_USE struct database *tokens_new(const struct database_settings *settings, int dir,
				     const char *name);

/* Link the databases `made`, whose settings are `all` in the same order, into the two
 * lists of the rules: those of users and those of tokens. The scope and the address
 * that refused clients are told are those of the first database of tokens that has one.
 */
void tokens_split(const struct databases *all, struct database *const *made,
		  struct login_rules *rules);
