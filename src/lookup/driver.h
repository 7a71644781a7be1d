/* lookup/driver.h - how a database of users is asked, each kind in a file of its own.
 *
 * Linked into poplar-lookup alone. Prefix: lookup_. One process, one
 * database, one question at a time, in straight-line code that may block: whoever waits
 * too long for it kills it.
 */
#pragma once

#include "auth/database.h"
#include "base/buf.h"
#include "config/databases.h"

/* Without NULs; the password only where the driver is to judge it. */
struct lookup_question {
	struct span name, password, peer;
	bool judge;
};

/* What is known of the user, and what trouble there was. */
struct lookup_answer {
	struct buf fields;
	struct why why;
	char room[8192];
};

struct lookup_driver {
	/* Before the walls stand: read what lies outside of them, connect to nothing.
	 * settings and secret (NULL: none) stay there. NULL: said in *why. */
	void *(*open)(const struct database_settings *settings, const char *secret,
		      struct why *why);
	/* DATABASE_DOWN: answer->why says more; it may for DATABASE_WRONG, to the log.
	 */
	enum database_says (*ask)(void *self, const struct lookup_question *q,
				  struct lookup_answer *answer);
};

/* NULL: not in this build. */
const struct lookup_driver *lookup_driver(enum database_driver_id id);

extern const struct lookup_driver lookup_sqlite, lookup_pam, lookup_postgresql,
	lookup_ldap, lookup_system, lookup_checkpassword, lookup_introspection;

/* Add a field of the user. False: it holds a NUL, or does not fit beside the others;
 * answer->why says which field, by FAULT_UNSENDABLE. */
MUST_USE bool lookup_field(struct lookup_answer *answer, const char *name,
			   struct span value);

/* Tell of trouble: returns DATABASE_DOWN. */
enum database_says lookup_down(struct lookup_answer *answer, enum fault f, int sys,
			       const char *doing, const char *what);

/* Copy a query with `parameter` in the place of each %u. False: no room. */
MUST_USE bool lookup_query(const char *query, const char *parameter, char *out,
			   size_t room);

/* The address alone of "192.0.2.1:110" or "[::1]:110". */
struct span lookup_address(struct span peer);

/* What the system knows of a user: uid, gid and home. False: nothing. */
MUST_USE bool lookup_account(const char *name, struct lookup_answer *answer);

/* What a program with the interface of checkpassword runs in the end: poplar-lookup
 * with this option tells, by what is in the environment, who the user is. */
#define LOOKUP_REPLY_OPTION "--checkpassword-reply"
_Noreturn void lookup_reply(void);
