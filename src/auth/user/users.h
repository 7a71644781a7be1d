/* auth/user/users.h - the passwd-style file of users, in Dovecot's format.
 *
 * Prefix: users_. One user a line,
 *
 * user:{SCHEME}hash:uid:gid:gecos:home:shell:extra=value extra ...
 *
 * fields missing on the right are empty; blank lines and lines that open with '#' say
 * nothing. The extras that are known: see user_set_field. What cannot be read refuses
 * its user, never the others, and never lets anyone in.
 */
#pragma once

#include "auth/user/user.h"

struct users; /* one reading of the file; never changes, counts who keeps it */

/* Told once for each line that cannot be used as it stands. */
typedef void users_say_fn(void *arg, unsigned line, const char *text);

/* Read the file's text. NULL: out of memory. say may be NULL. */
MUST_USE struct users *users_parse(struct span text, users_say_fn *say, void *arg);
struct users *users_keep(struct users *users); /* one more; returns users */
void users_free(struct users *users);          /* one less; NULL is allowed */

/* Was it read from just this text? */
bool users_read_from(const struct users *users, struct span text);

static inline void users_done_p(struct users **p)
{
	users_free(*p);
}

/* The ways (SCHEME_*) in which all passwords are stored; 0: there are others, or none.
 */
unsigned users_ways(const struct users *users);

const struct user *users_find(const struct users *users, struct span name);

/* Somebody in the place of a name that is not here, whose password can be checked or,
 * if `wants` (bits, SCHEME_*) is not 0, is good for that; the same one each time as
 * long as the file stays, and mostly when it has changed. NULL: there is none. */
const struct user *users_stand_in(const struct users *users, struct span name,
				  unsigned wants);

/* The users in the file's order; NULL behind the last. */
const struct user *users_at(const struct users *users, size_t i);
