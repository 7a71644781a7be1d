/* lookup/driver.h - the interface of the drivers, each of which asks one kind of
 * database.
 *
 * Prefix: lookup_. Only poplar-lookup links this folder. A process asks one database,
 * one question at a time, in straight-line code that may block: if an answer takes too
 * long, poplard kills the process.
 */
#pragma once

#include "auth/database.h"
#include "base/buf.h"
#include "config/databases.h"

/* The texts hold no NUL. `password` is set only if `judge` is: then the driver must
 * judge it. */
struct lookup_question {
	struct span name, password, peer;
	bool judge;
};

/* The fields of the user (lookup_field), or the story of what went wrong. */
struct lookup_answer {
	struct buf fields;
	struct why why;
	char room[8192];
};

struct passwd;

struct lookup_driver {
	/* Called before the process enters its sandbox: read files that the sandbox
	 * forbids later, but do not connect. `settings` and `secret` (NULL: none) stay
	 * valid. Returns the `self` of `ask`; NULL: failed, see *why. */
	void *(*open)(const struct database_settings *settings, const char *secret,
		      struct why *why);
	/* Answer a question. With DATABASE_DOWN, answer->why has the story; with
	 * DATABASE_WRONG it may have one, for the log. */
	enum database_says (*ask)(void *self, const struct lookup_question *q,
				  struct lookup_answer *answer);
};

/* The driver of this kind. NULL: this build does not have it. */
const struct lookup_driver *lookup_driver(enum database_driver_id id);

extern const struct lookup_driver lookup_sqlite, lookup_pam, lookup_postgresql,
	lookup_ldap, lookup_system, lookup_checkpassword, lookup_introspection;

/* Add a field of the user. False: the value holds a NUL, or does not fit beside the
 * other fields; answer->why is FAULT_UNSENDABLE and names the field. */
MUST_USE bool lookup_field(struct lookup_answer *answer, const char *name,
			   struct span value);

/* Fill answer->why. Returns DATABASE_DOWN. */
enum database_says lookup_down(struct lookup_answer *answer, enum fault f, int sys,
			       const char *doing, const char *what);

/* Copy a query, with `parameter` in place of each %u. False: no room. */
MUST_USE bool lookup_query(const char *query, const char *parameter, char *out,
			   size_t room);

/* The address in "192.0.2.1:110" or "[::1]:110", without port and brackets. */
struct span lookup_address(struct span peer);

/* Find a user of the system: DATABASE_RIGHT, and *out is valid until the next call of
 * getpwnam(3). DATABASE_UNKNOWN: the system certainly has no such user. DATABASE_DOWN:
 * a name service failed, see answer->why. */
MUST_USE enum database_says lookup_passwd(const char *name, const struct passwd **out,
					  struct lookup_answer *answer);

/* Find a user of the system as lookup_passwd does, and add the fields uid, gid and
 * home. DATABASE_DOWN also if lookup_field fails. */
MUST_USE enum database_says lookup_account(const char *name,
					   struct lookup_answer *answer);

/* If a program with the interface of checkpassword accepts a password, it executes
 * poplar-lookup with this option; lookup_reply then writes the user's fields from the
 * environment to descriptor 4, from which the poplar-lookup that runs the program reads
 * them. */
#define LOOKUP_REPLY_OPTION "--checkpassword-reply"
_Noreturn void lookup_reply(void);
