/* auth/users.h - the passwd-style file of users, in Dovecot's format.
 *
 * Floor 2 (auth). Prefix: users_. One user a line,
 *
 *     user:{SCHEME}hash:uid:gid:gecos:home:shell:extra=value extra ...
 *
 * fields missing on the right are empty; blank lines and lines that open with '#' say
 * nothing. Known extras: maildrop=, userdb_mail=maildir:, userdb_home=, userdb_uid=,
 * userdb_gid=, allow_nets=, nologin; others are left alone. What cannot be read refuses
 * its user, never the others, and never lets anyone in.
 */
#pragma once

#include "base/fault.h"

struct users; /* one reading of the file; never changes, counts who keeps it */

/* Spans are borrowed from the struct users that the user was found in. */
struct user {
	struct span name, stored, home, maildrop, allow_nets;
	bool has_uid, has_gid;
	bool nologin;
	uint32_t uid, gid;
};

/* Told once for each line that cannot be used as it stands. */
typedef void users_say_fn(void *arg, unsigned line, const char *text);

/* Read the file's text. NULL: out of memory. say may be NULL. */
MUST_USE struct users *users_parse(struct span text, users_say_fn *say, void *arg);
struct users *users_keep(struct users *users); /* one more keeper; returns users */
void users_free(struct users *users);          /* one less; NULL is allowed */

/* Was it read from just this text? */
bool users_read_from(const struct users *users, struct span text);

static inline void users_done_p(struct users **p)
{
	users_free(*p);
}

const struct user *users_find(const struct users *users, struct span name);

/* The users in the file's order; NULL behind the last. */
const struct user *users_at(const struct users *users, size_t i);

/* May the user come from this address ("127.0.0.1:110", "[::1]:110")? allow_nets is a
 * list of addresses and networks with commas between; empty: from anywhere. What cannot
 * be read allows nothing. */
bool users_may_come_from(const struct user *user, struct span peer);
