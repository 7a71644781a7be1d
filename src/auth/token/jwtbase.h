/* auth/token/jwtbase.h - JSON Web Tokens as a database of tokens.
 *
 * Prefix: jwtbase_. A database of tokens gets the same questions as one of users
 * (auth/database.h), with the token in place of the password. DATABASE_RIGHT gives the
 * name that the token states; a database of users then finds that user.
 */
#pragma once

#include "auth/database.h"
#include "auth/token/claims.h"

/* Texts are never NULL. The caller keeps them, for as long as the database lives. */
struct jwtbase_rules {
	struct claims_rules claims;
	struct claims_list algorithms; /* allowed, by name; none: jwa_standard() */
};

/* A database whose keys are in the file `name` (one component, which the caller keeps)
 * of the folder `dir`, which the caller keeps open. The file need not exist yet; if it
 * does not, that is logged. Call it before threads and the sandbox. NULL: no memory, or
 * a build without JWT. */
MUST_USE struct database *jwtbase_new(int dir, const char *name,
				      const struct jwtbase_rules *rules);
