/* authd/tokens.h - the databases of tokens that poplar-auth asks.
 *
 * Prefix: tokens_.
 */
#pragma once

#include "auth/login.h"
#include "config/databases.h"

/* Make a database of driver jwt, with its keys in the file `name` (one component) of
 * the folder `dir`. settings, dir and name must outlive the database. If the file
 * cannot be read, that is logged, and the file is read once it can be. Call it before
 * threads start and before the process enters its sandbox. NULL: out of memory, or a
 * build without JWT. */
MUST_USE struct database *tokens_new(const struct database_settings *settings, int dir,
				     const char *name);

/* Link each of the databases `made` (all->count of them; all->at[i] has the settings of
 * made[i]) by `next` to the end of one of two lists: a database of tokens to
 * rules->tokens, a database of users to rules->databases. Also set rules->token_scope
 * and rules->openid_configuration to the first scope and the first openid-configuration
 * that a database of tokens has; these texts are borrowed from *all. */
void tokens_split(const struct databases *all, struct database *const *made,
		  struct login_rules *rules);
