/* authd/databases.h - the databases that poplar-auth asks, made from the settings.
 *
 * Prefix: auth_databases_. The parent sends them one after the other; their numbers are
 * those of struct databases in the settings.
 */
#pragma once

#include "authd/lookups.h"
#include "config/settings.h"
#include "ipc/message.h"

struct auth_databases {
	struct database *at[DATABASES_MAX]; /* databases of users and of tokens */
	struct lookups lookups;
	struct cache *cache; /* NULL: cache-size is 0, nothing is remembered */
};

void auth_databases_init(struct auth_databases *u, int parent);

/* Add the next database, with the settings in m; dir is the folder of the users file.
 * Malformed settings, and lack of memory, end the process. */
void auth_databases_add(struct auth_databases *u, struct settings *settings, int dir,
			const struct message_DATABASE *m);

/* Give a database a channel to one more lookup process. Owns fd. */
void auth_databases_link(struct auth_databases *u, const struct settings *settings,
			 const struct message_LOOKUP_LINK *m, int fd);

/* All databases have come: set up the cache and the waits. Returns how many threads
 * poplar-auth needs. */
MUST_USE unsigned auth_databases_start(struct auth_databases *u,
				       const struct settings *settings);
