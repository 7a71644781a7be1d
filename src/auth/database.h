/* auth/database.h - places that know users, asked one after the other.
 *
 * Prefix: database_. For many threads.
 */
#pragma once

#include "auth/user/user.h"

enum database_says {
	DATABASE_UNKNOWN, /* it does not know the user */
	DATABASE_WRONG,   /* the password is not the user's, or the user may not */
	DATABASE_RIGHT,   /* it is; or, where no password was asked about, found */
	DATABASE_DOWN,    /* it cannot tell now: see *why */
};

struct database;

struct database_driver {
	const char *name;
	/* Find a user. RIGHT: *out is filled, `stored` too if the database tells it. */
	enum database_says (*find)(struct database *db, struct span name,
				   struct user_found *out, struct why *why);
	/* The same, and judge the password. NULL: `stored` does. */
	enum database_says (*check)(struct database *db, struct span name,
				    struct span password, struct span peer,
				    struct user_found *out, struct why *why);
	/* What somebody has stored, good for `wants` (bits, SCHEME_*; 0: for being
	 * compared), to be used in vain for a name that is not known, and the same
	 * one's each time for the same name. Only `stored` is filled. False, or NULL:
	 * there is none. */
	bool (*stand_in)(struct database *db, struct span name, unsigned wants,
			 struct user_found *out);
	/* The ways (bits, SCHEME_*) in which all passwords are stored; 0: there are
	 * others. NULL: 0. A mechanism that is not for all would lead the others'
	 * clients astray. */
	unsigned (*stores)(struct database *db);
	void (*free)(struct database *db);
};

/* The first member of each driver's own. */
struct database {
	const struct database_driver *driver;
	const char *name;
	bool stop_unknown, stop_wrong; /* do not ask the next one then */
	struct cache *cache;           /* NULL: nothing is remembered */
	uint32_t right_ms, wrong_ms; /* so long are its own answers; 0: they are not */
	struct database *next;       /* NULL: the last */
};

/* Told what name is looked for, then what each database said. NULL: nobody wants to
 * know. Whoever does is never answered from memory. */
typedef void database_look_fn(void *arg, struct span name);
typedef void database_say_fn(void *arg, const struct database *db,
			     enum database_says says, const struct why *why);
struct database_watcher {
	database_look_fn *look; /* NULL: not told that */
	database_say_fn *say;
	void *arg;
};

/* Who is it? Asks from `first` on. FAULT_DENIED: nobody of that name, or of that name
 * and password; that takes as long as when the password is wrong. Another fault, with
 * the story in *why: a database that might know better is down. */
MUST_USE enum fault database_find(struct database *first, struct span name,
				  const struct database_watcher *watcher,
				  struct user_found *out, struct why *why);
MUST_USE enum fault database_check(struct database *first, struct span name,
				   struct span password, struct span peer,
				   const struct database_watcher *watcher,
				   struct user_found *out, struct why *why);

/* Somebody's stored password, as of the driver's stand_in: the first database's that
 * has one. */
MUST_USE bool database_stand_in(struct database *first, struct span name,
				unsigned wants, struct user_found *out);

void database_free(struct database *first); /* and all behind it; NULL is allowed */

/* The users file. The descriptor of its folder stays the caller's. NULL: no memory. */
MUST_USE struct database *passwdfile_new(int dir, const char *name);
