/* authd/databases.h - the databases of users, as poplar-auth has them.
 *
 * Prefix: auth_databases_. They come from the parent, one after the other,
 * and are numbered as in the settings.
 */
#pragma once

#include "authd/lookups.h"
#include "config/settings.h"
#include "ipc/message.h"

struct auth_databases {
	struct database *at[DATABASES_MAX]; /* of users, and of tokens */
	struct lookups lookups;
	struct cache *cache; /* what they said; NULL: is not remembered */
};

void auth_databases_init(struct auth_databases *u, int parent);

/* One more, the next to be asked; dir is that of the users file. What is wrong ends the
 * process. */
void auth_databases_add(struct auth_databases *u, struct settings *settings, int dir,
			const struct message_DATABASE *m);

/* A channel to a process that asks one of them; the descriptor is taken over. */
void auth_databases_link(struct auth_databases *u, const struct settings *settings,
			 const struct message_LOOKUP_LINK *m, int fd);

/* All are there. So many threads are needed to ask them. */
MUST_USE unsigned auth_databases_start(struct auth_databases *u,
				       const struct settings *settings);
