/* lookup/driver.h - asks one database; a file for each kind of database.
 *
 * Linked into poplar-lookup alone. Prefix: lookup_. One process asks one database one
 * question at a time, in straight-line code that may block: if an answer takes too
 * long, poplard kills the process.
 */
#pragma once

#include "auth/database.h"
#include "base/buf.h"
#include "config/databases.h"

/* Texts without NULs. The password is set only if the driver must judge it. */
struct lookup_question {
	struct span name, password, peer;
	bool judge;
};

/* The fields of the user, or the trouble. */
struct lookup_answer {
	struct buf fields;
	struct why why;
	char room[8192];
};

struct lookup_driver {
	/* Called before the sandbox: read what the sandbox forbids, and connect to
	 * nothing. `settings` and `secret` (NULL: none) stay valid. NULL: see *why. */
	void *(*open)(const struct database_settings *settings, const char *secret,
		      struct why *why);
	/* Answer a question. answer->why has the story of DATABASE_DOWN, and may have
	 * one of DATABASE_WRONG, for the log. */
	enum database_says (*ask)(void *self, const struct lookup_question *q,
				  struct lookup_answer *answer);
};

/* The driver's code; NULL: not in this build. */
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

/* "192.0.2.1:110" or "[::1]:110" without port and brackets. */
struct span lookup_address(struct span peer);

/* Add uid, gid and home from the system's users. False: there is no such user. */
MUST_USE bool lookup_account(const char *name, struct lookup_answer *answer);

/* A program with the interface of checkpassword ends by running poplar-lookup with this
 * option, which reads the user's fields from the environment and writes them out. */
#define LOOKUP_REPLY_OPTION "--checkpassword-reply"
_Noreturn void lookup_reply(void);
