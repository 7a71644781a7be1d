/* auth/user/users.h - the passwd-style file of users, in Dovecot's format.
 *
 * Prefix: users_. One user a line,
 *
 * user:{SCHEME}hash:uid:gid:gecos:home:shell:extra=value extra ...
 *
 * Fields missing on the right are empty. Blank lines and lines that begin with '#' are
 * ignored. user_set_field lists the extras. A malformed line keeps its own user from
 * logging in, and no other.
 */
#pragma once

#include "auth/user/user.h"

/* The users of one text of the file. Never changes, and counts its references. */
struct users;

/* Called once for each line that is malformed or whose user can never log in. */
typedef void users_say_fn(void *arg, unsigned line, const char *text);

/* Parse the text, which is copied. `say` may be NULL. NULL: out of memory. */
MUST_USE struct users *users_parse(struct span text, users_say_fn *say, void *arg);
struct users *users_keep(struct users *users); /* adds a reference; returns users */
void users_free(struct users *users);          /* drops a reference; NULL is allowed */

/* Do the users come from exactly this text? */
bool users_read_from(const struct users *users, struct span text);

static inline void users_done_p(struct users **p)
{
	users_free(*p);
}

/* What every stored password is usable for (bits, SCHEME_*); 0: some are usable for
 * comparison only, or there are no users. */
unsigned users_ways(const struct users *users);

/* The user of this name; NULL: there is none. */
const struct user *users_find(const struct users *users, struct span name);

/* Some user in place of an unknown name: one whose password can be compared or, if
 * `wants` (bits, SCHEME_*) is not 0, is usable for that. The same name gets the same
 * user as long as the file stays the same, and mostly after a change. NULL: there is no
 * such user. */
const struct user *users_stand_in(const struct users *users, struct span name,
				  unsigned wants);

/* User number i in the file's order, from 0 on; NULL: there are no more. */
const struct user *users_at(const struct users *users, size_t i);
