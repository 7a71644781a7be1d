/* authd/databases.c - the databases that poplar-auth asks, made from the settings.
 *
 * Prefix: auth_databases_.
 */
#include "authd/databases.h"

#include <stdlib.h>
#include <unistd.h>

#include "auth/cache.h"
#include "authd/tokens.h"
#include "base/log.h"

void auth_databases_init(struct auth_databases *u, int parent)
{
	lookups_init(&u->lookups, parent);
}

static _Noreturn void give_up(const char *what)
{
	log_event(LOG_CRIT, "not-started", LOG_T("what", what));
	_exit(EXIT_FAILURE);
}

/* The last component: the file's folder is an open descriptor. */
static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void auth_databases_add(struct auth_databases *u, struct settings *settings, int dir,
			const struct message_DATABASE *m)
{
	struct databases *all = &settings->databases;
	struct database_settings *s = databases_add(all, m->name);
	struct database *db;

	if (!s || rows_unpack(database_rows(), s, ROLE_AUTH, m->values))
		give_up("settings of a database cannot be read");
	if (database_is_asked(s))
		db = lookups_new(&u->lookups, s);
	else if (database_has_tokens(s))
		db = tokens_new(s, dir, name_of(s->path));
	else
		db = passwdfile_new(dir, name_of(*s->path ? s->path : settings->users));
	if (!db)
		give_up("out of memory");
	db->name = s->name;
	db->stop_unknown = s->if_unknown == IF_FAIL;
	db->stop_wrong = s->if_wrong == IF_FAIL;
	u->at[all->count - 1] = db;
}

void auth_databases_link(struct auth_databases *u, const struct settings *settings,
			 const struct message_LOOKUP_LINK *m, int fd)
{
	const struct databases *all = &settings->databases;

	if (m->database < all->count && database_is_asked(&all->at[m->database]))
		lookups_link(u->at[m->database], m->number, fd);
	else
		close(fd);
}

/* Comparisons of passwords are remembered for every database; answers only for those
 * that lookup processes ask, and only as far as the setting `cache` says. */
static void remember(struct auth_databases *u, const struct settings *settings)
{
	const struct databases *all = &settings->databases;

	if (settings->cache_size == 0)
		return;
	u->cache = cache_new(settings->cache_size,
			     settings->cache_verified * UINT64_C(1000));
	if (!u->cache)
		give_up("out of memory");
	for (unsigned i = 0; i < all->count; i++) {
		const struct database_settings *s = &all->at[i];

		u->at[i]->cache = u->cache;
		if (!database_is_asked(s) || database_has_tokens(s) ||
		    s->cache == CACHE_NONE ||
		    (s->cache == CACHE_STORED && database_judges(s)))
			continue;
		u->at[i]->right_ms = s->cache_success * 1000;
		u->at[i]->wrong_ms = s->cache_failure * 1000;
	}
}

/* auth-threads, and one more for each lookup process: a thread that waits for an answer
 * takes no thread from the other logins. */
unsigned auth_databases_start(struct auth_databases *u, const struct settings *s)
{
	unsigned count = s->auth_threads;

	remember(u, s);
	u->lookups.waiters_max = (s->auth_threads + 1) / 2;
	for (unsigned i = 0; i < s->databases.count; i++)
		if (database_is_asked(&s->databases.at[i]))
			count += s->databases.at[i].processes;
	return count;
}
