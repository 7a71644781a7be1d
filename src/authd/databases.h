/* authd/databases.h - the databases that poplar-auth asks, made from the settings.
 *
 * Prefix: auth_databases_. poplard sends the databases one after the other; database
 * number i here is number i of struct databases in the settings.
 */
#pragma once

#include "authd/lookups.h"
#include "config/settings.h"
#include "ipc/message.h"

struct auth_databases {
	struct database *at[DATABASES_MAX]; /* databases of users and of tokens */
	struct lookups lookups;
	struct cache *cache; /* NULL: cache-size is 0, and nothing is remembered */
};

/* `parent` is the channel to poplard. */
void auth_databases_init(struct auth_databases *u, int parent);

/* Add the next database, with the settings in m; dir is the folder of the users file.
 * If the settings are malformed or memory runs out, the process ends. */
void auth_databases_add(struct auth_databases *u, struct settings *settings, int dir,
			const struct message_DATABASE *m);

/* Give a database the channel fd to one more lookup process. Takes over fd. */
void auth_databases_link(struct auth_databases *u, const struct settings *settings,
			 const struct message_LOOKUP_LINK *m, int fd);

/* Call this when all databases have come: set up the cache, and how many threads may
 * wait for a lookup process. Returns how many threads poplar-auth needs. */
MUST_USE unsigned auth_databases_start(struct auth_databases *u,
				       const struct settings *settings);
