/* auth/token/jwtbase.h - tokens that are JWTs, as a database: whose are they?
 *
 * Prefix: jwtbase_. A database of tokens is asked as one of users is
 * (auth/database.h), with the token for the password: RIGHT, and the name that the
 * token gives. Who that is, databases of users know.
 */
#pragma once

#include "auth/database.h"
#include "auth/token/claims.h"

/* Texts are never NULL; all of them stay the caller's and must stay. */
struct jwtbase_rules {
	struct claims_rules claims;
	struct claims_list algorithms; /* names; none: jwa_standard() */
};

/* Before any sandbox and any thread. The keys are in the file `name` (one component,
 * the caller's) of the folder `dir`, which must stay open; it need not exist yet, which
 * is logged. NULL: no memory, or not in this build. */
MUST_USE struct database *jwtbase_new(int dir, const char *name,
				      const struct jwtbase_rules *rules);
