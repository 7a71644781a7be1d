/* authd/tokens.h - the databases of tokens that poplar-auth asks.
 *
 * Prefix: tokens_.
 */
#pragma once

#include "auth/login.h"
#include "config/databases.h"

/* Make a database of driver jwt, with its keys in the file `name` (one component) of
 * the folder `dir`. The caller keeps settings, dir and name, which must outlive the
 * database. A file that cannot be read is logged, and read when it can be. NULL: no
 * memory, or a build without JWT. */
MUST_USE struct database *tokens_new(const struct database_settings *settings, int dir,
				     const char *name);

/* Append each of the databases `made` (all->count, in the order of `all`, which has
 * their settings) to one of two lists: rules->tokens if it takes tokens, else
 * rules->databases. Also set what clients with a refused token are told (RFC 7628
 * section 3.2.2): the first scope and the first openid-configuration that a database of
 * tokens sets. */
void tokens_split(const struct databases *all, struct database *const *made,
		  struct login_rules *rules);
