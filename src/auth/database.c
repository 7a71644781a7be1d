/* auth/database.c - sources of users and of tokens, asked one after the other.
 *
 * Prefix: database_.
 */
#include "auth/database.h"

#include <stdlib.h>

#include "auth/cache.h"
#include "auth/user/userfile.h"
#include "base/buf.h"
#include "base/own.h"
#include "base/secret.h"
#include "sys/clock.h"

/* A question about a user, with or without a password. */
struct question {
	struct span name, password, peer;
	bool has_password;
	bool afresh;       /* the answer must not come from memory */
	bool is_recipient; /* the user gets mail; nobody logs in */
};

/* The name is unknown: compare the password with some stored one, so that the answer
 * takes as long as for a known name. */
static void compare_in_vain(struct database *db, const struct question *q,
			    struct cache *cache)
{
	OWN_USER other = { 0 };

	if (db->driver->stand_in && db->driver->stand_in(db, q->name, 0, &other))
		cache_pretend(cache, q->name, other.user.stored, q->password,
			      clock_ms());
}

static enum database_says compare(struct database *db, const struct question *q,
				  enum database_says says,
				  const struct user_found *found)
{
	struct cache *const cache = q->afresh ? NULL : db->cache;

	if (says == DATABASE_UNKNOWN)
		compare_in_vain(db, q, cache);
	if (says != DATABASE_RIGHT)
		return says;
	return cache_verify(cache, found->user.stored, q->name, q->password, clock_ms())
		       ? DATABASE_RIGHT
		       : DATABASE_WRONG;
}

static enum database_says ask_itself(struct database *db, const struct question *q,
				     struct user_found *out, struct why *why)
{
	const struct database_driver *driver = db->driver;

	if (q->has_password && driver->check)
		return driver->check(db, q->name, q->password, q->peer, out, why);
	enum database_says says = driver->find(db, q->name, out, why);
	return q->has_password && says != DATABASE_DOWN ? compare(db, q, says, out)
							: says;
}

/* A database that judges passwords may judge by the client's address, too. */
static void key_of(const struct database *db, const struct question *q,
		   struct cache_key *out)
{
	const struct span name = span_of(db->name);

	if (q->is_recipient)
		cache_name_key(db->cache, name, q->name, out);
	else
		cache_key(db->cache, name, q->name,
			  db->driver->check ? q->peer : SPAN(""), q->password, out);
}

/* The cache keeps no stored password, which those who log in without sending one need.
 */
static bool may_recall(const struct database *db, const struct question *q)
{
	return (q->has_password || q->is_recipient) && !q->afresh && db->cache &&
	       db->right_ms + db->wrong_ms > 0;
}

/* A recipient who is new must get the very next mail. */
static uint64_t kept_ms(const struct database *db, const struct question *q,
			enum database_says says)
{
	if (says == DATABASE_RIGHT)
		return db->right_ms;
	return q->is_recipient || says == DATABASE_DOWN ? 0 : db->wrong_ms;
}

/* The database's answer, from memory if the same question was asked a moment ago.
 * Another password is another question, so that a changed password counts at once. */
static enum database_says ask(struct database *db, const struct question *q,
			      struct user_found *out, struct why *why)
{
	struct cache_key key;

	if (!may_recall(db, q))
		return ask_itself(db, q, out, why);
	key_of(db, q, &key);
	unsigned said = cache_recall(db->cache, &key, clock_ms(), out);
	if (said > 0)
		return (enum database_says)(said - 1);
	enum database_says says = ask_itself(db, q, out, why);
	cache_remember(db->cache, &key, clock_ms(), kept_ms(db, q, says), says + 1u,
		       says == DATABASE_RIGHT ? &out->user : NULL);
	secret_wipe(&key, sizeof key);
	return says;
}

static bool is_last_word(const struct database *db, enum database_says says)
{
	return says == DATABASE_RIGHT ||
	       (says == DATABASE_UNKNOWN && db->stop_unknown) ||
	       (says == DATABASE_WRONG && db->stop_wrong);
}

/* Is the login refused for a field over its bound? Only after the password was right,
 * so that nobody else learns of it; or if the stored password itself is too long, since
 * no password can be right then. */
static bool is_over(enum database_says says, const struct user *user)
{
	return user->over &&
	       (says == DATABASE_RIGHT ||
		(says == DATABASE_WRONG && span_is(span_of(user->over), "password")));
}

/* The story names the database and the field. */
static enum fault refuse_over(const struct database *db, struct user_found *found,
			      struct why *why)
{
	char room[sizeof why->what];
	struct buf b = BUF(room);

	buf_text(&b, db->name);
	buf_text(&b, ": ");
	buf_text(&b, found->user.over);
	user_release(found);
	return fault_set(why, FAULT_SETUP, 0,
			 "use a field that is too long, of database", buf_cstr(&b));
}

/* The database's answer about a recipient. The mail of a user who is there, or may be,
 * waits until somebody has mended the database. */
static enum database_says doubt(struct database *db, const struct question *q,
				enum database_says says, struct why *why)
{
	if (says == DATABASE_UNKNOWN && db->driver->lacks &&
	    !db->driver->lacks(db, q->name, why))
		return DATABASE_DOWN;
	if (says != DATABASE_WRONG)
		return says;
	fault_set(why, FAULT_SETUP, 0, "use a malformed field, of database", db->name);
	return DATABASE_DOWN;
}

/* After a database that is down the next one is asked, which may know the user. If none
 * does, the result is not FAULT_DENIED: the one that is down might know the user. */
static enum fault ask_all(struct database *first, const struct question *q,
			  const struct database_watcher *watcher,
			  struct user_found *out, struct why *why)
{
	struct why trouble = { .fault = FAULT_DENIED };

	if (watcher && watcher->look)
		watcher->look(watcher->arg, q->name);
	for (struct database *db = first; db; db = db->next) {
		struct user_found found = { 0 };
		struct why story = { 0 };
		enum database_says says = ask(db, q, &found, &story);
		const bool is_last = is_last_word(db, says);

		if (q->is_recipient)
			says = doubt(db, q, says, &story);
		if (watcher)
			watcher->say(watcher->arg, db, says, &story);
		if (is_over(says, &found.user))
			return refuse_over(db, &found, why);
		if (says == DATABASE_RIGHT) {
			*out = found;
			return FAULT_NONE;
		}
		user_release(&found);
		if (says == DATABASE_DOWN)
			trouble = story;
		if (is_last)
			break;
	}
	*why = trouble;
	return trouble.fault;
}

enum fault database_find(struct database *first, struct span name,
			 const struct database_watcher *watcher, struct user_found *out,
			 struct why *why)
{
	const struct question q = { .name = name };

	return ask_all(first, &q, watcher, out, why);
}

enum fault database_check(struct database *first, struct span name,
			  struct span password, struct span peer,
			  const struct database_watcher *watcher,
			  struct user_found *out, struct why *why)
{
	const struct question q = { .name = name,
				    .password = password,
				    .peer = peer,
				    .has_password = true,
				    .afresh = watcher != NULL };

	return ask_all(first, &q, watcher, out, why);
}

enum fault database_recipient(struct database *first, struct span name,
			      const struct database_watcher *watcher,
			      struct user_found *out, struct why *why)
{
	const struct question q = { .name = name,
				    .afresh = watcher != NULL,
				    .is_recipient = true };

	return ask_all(first, &q, watcher, out, why);
}

bool database_stand_in(struct database *first, struct span name, unsigned wants,
		       struct user_found *out)
{
	for (struct database *db = first; db; db = db->next)
		if (db->driver->stand_in && db->driver->stand_in(db, name, wants, out))
			return true;
	return false;
}

void database_free(struct database *first)
{
	while (first) {
		struct database *next = first->next;

		first->driver->free(first);
		first = next;
	}
}

/* ---- the users file ---- */

struct passwdfile {
	struct database database;
	struct userfile *file;
};

static void release(void *owner)
{
	users_free(owner);
}

static enum database_says find(struct database *db, struct span name,
			       struct user_found *out, struct why *why)
{
	struct users *users = userfile_acquire(((struct passwdfile *)db)->file, why);

	if (!users)
		return DATABASE_DOWN;
	*why = (struct why){ 0 }; /* an earlier state of the file will do */
	const struct user *user = users_find(users, name);

	*out = (struct user_found){ .owner = users, .release = release };
	if (user)
		out->user = *user;
	return user ? DATABASE_RIGHT : DATABASE_UNKNOWN;
}

static bool stand_in(struct database *db, struct span name, unsigned wants,
		     struct user_found *out)
{
	struct why why = { 0 };
	struct users *users = userfile_acquire(((struct passwdfile *)db)->file, &why);
	const struct user *user = users ? users_stand_in(users, name, wants) : NULL;

	if (!user) {
		users_free(users);
		return false;
	}
	*out = (struct user_found){ { .stored = user->stored }, users, release };
	return true;
}

static unsigned stores(struct database *db)
{
	struct why why = { 0 };
	OWN(users) users = userfile_acquire(((struct passwdfile *)db)->file, &why);

	return users ? users_ways(users) : 0;
}

static bool lacks(struct database *db, struct span name, struct why *why)
{
	OWN(users) users = userfile_acquire(((struct passwdfile *)db)->file, why);

	if (!users || why->fault)
		return false;
	if (!users_find(users, name) && !users_leaves_out(users, name))
		return true;
	fault_set(why, FAULT_SETUP, 0, "use the line of a user, of database", db->name);
	return false;
}

static void close_file(struct database *db)
{
	userfile_free(((struct passwdfile *)db)->file);
	free(db);
}

struct database *passwdfile_new(int dir, const char *name)
{
	static const struct database_driver driver = { .name = "passwd-file",
						       .find = find,
						       .stand_in = stand_in,
						       .stores = stores,
						       .lacks = lacks,
						       .free = close_file };
	struct passwdfile *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->database = (struct database){ .driver = &driver, .name = "users" };
	p->file = userfile_new(dir, name);
	if (!p->file) {
		free(p);
		return NULL;
	}
	return &p->database;
}
