/* auth/token/jwtbase.h - JSON Web Tokens as a database of tokens.
 *
 * Prefix: jwtbase_. A database of tokens answers the same questions as a database of
 * users (auth/database.h), with the token in place of the password. With
 * DATABASE_RIGHT, it gives only the user name that the token states; the caller then
 * finds that user in a database of users.
 */
#pragma once

#include "auth/database.h"
#include "auth/token/claims.h"

/* Texts are never NULL. */
struct jwtbase_rules {
	struct claims_rules claims;
	/* Allowed, by name; empty: jwa_standard(). Unknown names are ignored; if all
	 * are unknown, every token is refused. */
	struct claims_list algorithms;
};

/* Make a database whose keys are in the file `name` (one component) of the open folder
 * `dir`. Both must outlive the database, like the texts of *rules; the rest of *rules
 * is copied. If the file does not exist or has no usable keys, that is logged, and
 * tokens get DATABASE_DOWN until it has. Call it before threads start and before the
 * process enters its sandbox. NULL: out of memory, or a build without JWT. */
MUST_USE struct database *jwtbase_new(int dir, const char *name,
				      const struct jwtbase_rules *rules);
