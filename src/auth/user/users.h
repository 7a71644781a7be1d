/* auth/user/users.h - the passwd-style file of users, in Dovecot's format.
 *
 * Prefix: users_. One user a line,
 *
 * user:{SCHEME}hash:uid:gid:gecos:home:shell:extra=value extra ...
 *
 * Fields missing on the right are empty. Blank lines and lines that begin with '#' are
 * ignored. user_set_field lists the extras. The parser leaves out a malformed line, and
 * a line whose user has an earlier line; all other users stay.
 */
#pragma once

#include "auth/user/user.h"

/* The users of one text of the file: immutable, with a count of references. */
struct users;

/* Called for each line (numbered from 1) that the parser leaves out, and for each line
 * whose user can never log in, because no password matches or no address is allowed. */
typedef void users_say_fn(void *arg, unsigned line, const char *text);

/* Parse the text, which is copied. `say` may be NULL. NULL: out of memory. */
MUST_USE struct users *users_parse(struct span text, users_say_fn *say, void *arg);
struct users *users_keep(struct users *users); /* adds a reference; returns users */
void users_free(struct users *users);          /* drops a reference; NULL is allowed */

/* Were the users parsed from exactly this text? */
bool users_read_from(const struct users *users, struct span text);

static inline void users_done_p(struct users **p)
{
	users_free(*p);
}

/* The forms (bits, SCHEME_*) in which the passwords are stored: the union over all
 * users. A mechanism that works with each of these forms works for every user. 0: the
 * password of some user who may log in can only be compared, or the file has no users.
 */
unsigned users_ways(const struct users *users);

/* The user of this name, who belongs to `users`, as with the functions below. NULL: no
 * user has it. */
const struct user *users_find(const struct users *users, struct span name);

/* Has the parser left out a malformed line for this name, which no other line has? */
bool users_leaves_out(const struct users *users, struct span name);

/* A user whose stored password stands in for that of an unknown name. The user is not
 * disabled, and the password can match and, if `wants` (bits, SCHEME_*) is not 0, has
 * one of those forms. The same name gets the same user as long as the file stays the
 * same, and mostly after a change. NULL: the search, which is bounded, found no such
 * user. */
const struct user *users_stand_in(const struct users *users, struct span name,
				  unsigned wants);

/* User number i (from 0) in the order of the file. NULL: there are i users or fewer. */
const struct user *users_at(const struct users *users, size_t i);
