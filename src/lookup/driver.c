/* lookup/driver.c - the table of drivers, and functions that they share.
 *
 * Prefix: lookup_.
 */
#include "lookup/driver.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>

static const struct lookup_driver *const drivers[DRIVER_COUNT] = {
#if POPLAR_WITH_SQLITE
	[DRIVER_SQLITE] = &lookup_sqlite,
#endif
#if POPLAR_WITH_PAM
	[DRIVER_PAM] = &lookup_pam,
#endif
#if POPLAR_WITH_POSTGRESQL
	[DRIVER_POSTGRESQL] = &lookup_postgresql,
#endif
#if POPLAR_WITH_LDAP
	[DRIVER_LDAP] = &lookup_ldap,
#endif
#if POPLAR_WITH_INTROSPECTION
	[DRIVER_INTROSPECTION] = &lookup_introspection,
#endif
	[DRIVER_SYSTEM] = &lookup_system,
	[DRIVER_CHECKPASSWORD] = &lookup_checkpassword,
};

const struct lookup_driver *lookup_driver(enum database_driver_id id)
{
	return drivers[id];
}

bool lookup_field(struct lookup_answer *answer, const char *name, struct span value)
{
	struct buf *b = &answer->fields;

	if (span_has_any(value, "")) {
		fault_set(&answer->why, FAULT_UNSENDABLE, 0,
			  "use a field that holds a NUL:", name);
		return false;
	}
	buf_text(b, name);
	buf_char(b, '\0');
	buf_put(b, value);
	buf_char(b, '\0');
	if (b->cut)
		fault_set(&answer->why, FAULT_UNSENDABLE, 0,
			  "use a field that is too long:", name);
	return !b->cut;
}

enum database_says lookup_down(struct lookup_answer *answer, enum fault f, int sys,
			       const char *doing, const char *what)
{
	fault_set(&answer->why, f, sys, doing, what);
	return DATABASE_DOWN;
}

bool lookup_query(const char *query, const char *parameter, char *out, size_t room)
{
	struct buf b = { .at = out, .room = room };

	for (; *query; query++) {
		if (query[0] == '%' && query[1] == 'u') {
			buf_text(&b, parameter);
			query++;
		} else {
			buf_char(&b, *query);
		}
	}
	buf_char(&b, '\0');
	return !b.cut;
}

struct span lookup_address(struct span peer)
{
	const char *colon = peer.len > 0 ? memrchr(peer.at, ':', peer.len) : NULL;

	if (colon)
		peer.len = (size_t)(colon - peer.at);
	if (peer.len > 1 && peer.at[0] == '[' && peer.at[peer.len - 1] == ']')
		peer = (struct span){ peer.at + 1, peer.len - 2 };
	return peer;
}

static bool put_number(struct lookup_answer *answer, const char *name, unsigned n)
{
	char text[16];

	snprintf(text, sizeof text, "%u", n);
	return lookup_field(answer, name, span_of(text));
}

/* The errors by which getpwnam(3) says that no user has the name. */
static bool is_not_found(int error)
{
	return error == 0 || error == ENOENT || error == ESRCH || error == EBADF ||
	       error == EPERM;
}

enum database_says lookup_passwd(const char *name, const struct passwd **out,
				 struct lookup_answer *answer)
{
	errno = 0;
	*out = getpwnam(name);
	if (*out)
		return DATABASE_RIGHT;
	return is_not_found(errno) ? DATABASE_UNKNOWN
				   : lookup_down(answer, FAULT_IO, errno,
						 "ask the system for user", name);
}

enum database_says lookup_account(const char *name, struct lookup_answer *answer)
{
	const struct passwd *pw;
	const enum database_says says = lookup_passwd(name, &pw, answer);

	if (says != DATABASE_RIGHT)
		return says;
	return put_number(answer, "uid", pw->pw_uid) &&
			       put_number(answer, "gid", pw->pw_gid) &&
			       lookup_field(answer, "home", span_of(pw->pw_dir))
		       ? DATABASE_RIGHT
		       : DATABASE_DOWN;
}
