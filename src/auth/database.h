/* auth/database.h - sources of users and of tokens, asked one after the other.
 *
 * Prefix: database_. Several threads may call these functions at the same time.
 */
#pragma once

#include "auth/user/user.h"

enum database_says {
	DATABASE_UNKNOWN, /* the database does not know the user */
	DATABASE_WRONG, /* the password is not the user's, or the user may not log in */
	DATABASE_RIGHT, /* the password is the user's; without a password: the user is
			   there */
	DATABASE_DOWN,  /* the database cannot answer at present: see *why */
};

struct database;

struct database_driver {
	const char *name;
	/* Find a user. The caller zeroes *out before, and releases it after any answer.
	 * With DATABASE_RIGHT, *out is the user; out->user.stored is empty if the
	 * database does not tell stored passwords. */
	enum database_says (*find)(struct database *db, struct span name,
				   struct user_found *out, struct why *why);
	/* Find a user and judge the password; *out as with find. NULL: the database
	 * tells stored passwords, and the caller compares. */
	enum database_says (*check)(struct database *db, struct span name,
				    struct span password, struct span peer,
				    struct user_found *out, struct why *why);
	/* For an unknown name: find some user's stored password, for the caller to
	 * compare with and ignore the result. It is usable for one of `wants` (bits,
	 * SCHEME_*; 0: for a comparison), and the same each time for the same name.
	 * Only `stored` of *out is filled. False, or no such function: the database has
	 * no such password. */
	bool (*stand_in)(struct database *db, struct span name, unsigned wants,
			 struct user_found *out);
	/* The forms (bits, SCHEME_*) in which the users' passwords are stored: the
	 * union over all users. 0, or no such function: some password can only be
	 * compared. sasl_offers offers a mechanism only if it works with each of these
	 * forms; otherwise some clients would choose the mechanism and fail. */
	unsigned (*stores)(struct database *db);
	/* After DATABASE_UNKNOWN: is it certain that the database has no user of this
	 * name? False, with the reason in *why: the user may be in a part that cannot
	 * be read at present. NULL: always. */
	bool (*lacks)(struct database *db, struct span name, struct why *why);
	void (*free)(struct database *db);
};

/* Each driver's own struct begins with this one. */
struct database {
	const struct database_driver *driver;
	const char *name;
	bool stop_unknown, stop_wrong; /* after DATABASE_UNKNOWN, or DATABASE_WRONG, no
					  further database is asked */
	struct cache *cache;           /* borrowed; NULL: nothing is remembered */
	/* How long DATABASE_RIGHT, and the other answers, are remembered; 0: not at
	 * all. For database_recipient, only DATABASE_RIGHT is. */
	uint32_t right_ms, wrong_ms;
	struct database *next; /* the next one to ask; NULL: this is the last */
};

/* Observes a question: `look` is called once with the name, then `say` once for each
 * database that was asked, with its answer. A question with a watcher is never answered
 * from the cache. */
typedef void database_look_fn(void *arg, struct span name);
typedef void database_say_fn(void *arg, const struct database *db,
			     enum database_says says, const struct why *why);
struct database_watcher {
	database_look_fn *look; /* may be NULL */
	database_say_fn *say;
	void *arg;
};

/* Find the user of this name (database_find), or check name and password
 * (database_check): ask the databases in order, from `first` on, until one answers
 * DATABASE_RIGHT or its stop_unknown or stop_wrong ends the search. `first` and
 * `watcher` may be NULL; `why` may not. *out, which the caller passes to user_release,
 * is written on success only. FAULT_DENIED: no such user, or a wrong password; both
 * take the same time. FAULT_SETUP: a field of the user is over its bound. Another
 * fault: a database that might know the user is down. *why has the story. */
MUST_USE enum fault database_find(struct database *first, struct span name,
				  const struct database_watcher *watcher,
				  struct user_found *out, struct why *why);
MUST_USE enum fault database_check(struct database *first, struct span name,
				   struct span password, struct span peer,
				   const struct database_watcher *watcher,
				   struct user_found *out, struct why *why);

/* Find the user who gets the mail of this name. As database_find, except:
 *
 * - FAULT_DENIED means that certainly no database has the user, because a refusal
 *   bounces the mail. A user whose fields are malformed is FAULT_SETUP.
 * - DATABASE_RIGHT may come from the cache; `stored` is empty then. */
MUST_USE enum fault database_recipient(struct database *first, struct span name,
				       const struct database_watcher *watcher,
				       struct user_found *out, struct why *why);

/* Call stand_in of one database after the other, until one has a password. False: none
 * has. */
MUST_USE bool database_stand_in(struct database *first, struct span name,
				unsigned wants, struct user_found *out);

/* Free this database and all behind it. NULL is allowed. */
void database_free(struct database *first);

/* The users file `name` in the folder `dir`, as a database. The caller keeps dir open
 * for as long as the database lives; `name` is copied. NULL: no memory. */
MUST_USE struct database *passwdfile_new(int dir, const char *name);
