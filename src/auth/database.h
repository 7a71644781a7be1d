/* auth/database.h - sources of users and of tokens, asked one after the other.
 *
 * Prefix: database_. For many threads.
 */
#pragma once

#include "auth/user/user.h"

enum database_says {
	DATABASE_UNKNOWN, /* the database does not know the user */
	DATABASE_WRONG, /* the password is not the user's, or the user may not log in */
	DATABASE_RIGHT, /* the password is the user's; or the user was found without one
			 */
	DATABASE_DOWN,  /* the database cannot answer now: see *why */
};

struct database;

struct database_driver {
	const char *name;
	/* Find a user. With DATABASE_RIGHT *out is filled, `stored` too if the database
	 * gives stored passwords away. */
	enum database_says (*find)(struct database *db, struct span name,
				   struct user_found *out, struct why *why);
	/* Find a user and judge the password. NULL: the caller compares the password
	 * with `stored`. */
	enum database_says (*check)(struct database *db, struct span name,
				    struct span password, struct span peer,
				    struct user_found *out, struct why *why);
	/* Some user's stored password, for the caller to use in vain for an unknown
	 * name: usable for `wants` (bits, SCHEME_*; 0: for a comparison), and the same
	 * each time for the same name. Only `stored` of *out is filled. False, or NULL:
	 * the database has none. */
	bool (*stand_in)(struct database *db, struct span name, unsigned wants,
			 struct user_found *out);
	/* The kinds of stored passwords (bits, SCHEME_*) that occur; 0, or NULL: some
	 * password can only be compared. A mechanism that does not work with each of
	 * these kinds is not offered, since clients would choose it and fail. */
	unsigned (*stores)(struct database *db);
	void (*free)(struct database *db);
};

/* Each driver's own struct begins with this one. */
struct database {
	const struct database_driver *driver;
	const char *name;
	bool stop_unknown, stop_wrong; /* the next is not asked after such an answer */
	struct cache *cache;           /* NULL: nothing is remembered */
	uint32_t right_ms,
		wrong_ms;      /* how long answers are remembered; 0: not at all */
	struct database *next; /* the next one to ask; NULL: this is the last */
};

/* Follows a question: `look` is called with the name, then `say` for each database that
 * was asked. A question with a watcher is never answered from memory. */
typedef void database_look_fn(void *arg, struct span name);
typedef void database_say_fn(void *arg, const struct database *db,
			     enum database_says says, const struct why *why);
struct database_watcher {
	database_look_fn *look; /* may be NULL */
	database_say_fn *say;
	void *arg;
};

/* Ask the databases from `first` on for the user of this name, or of this name and
 * password. `watcher` may be NULL. *out is the caller's, for user_release.
 * FAULT_DENIED: there is no such user, or the password is wrong; both take the same
 * time. FAULT_SETUP: a field of the user is over its bound. Another fault: a database
 * that might know the user is down. *why has the story. */
MUST_USE enum fault database_find(struct database *first, struct span name,
				  const struct database_watcher *watcher,
				  struct user_found *out, struct why *why);
MUST_USE enum fault database_check(struct database *first, struct span name,
				   struct span password, struct span peer,
				   const struct database_watcher *watcher,
				   struct user_found *out, struct why *why);

/* Some user's stored password, from the first database whose stand_in has one. */
MUST_USE bool database_stand_in(struct database *first, struct span name,
				unsigned wants, struct user_found *out);

/* Frees the whole list. NULL is allowed. */
void database_free(struct database *first);

/* The users file `name` in the folder `dir`, as a database. The caller keeps dir open
 * for as long as the database lives; `name` is copied. NULL: no memory. */
MUST_USE struct database *passwdfile_new(int dir, const char *name);
