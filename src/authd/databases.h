/* authd/databases.h - the databases of users, as poplar-auth has them.
 *
 * Prefix: userbases_. They come from the parent, one after the other,
 * and are numbered as in the settings.
 */
#pragma once

#include "authd/lookups.h"
#include "config/settings.h"
#include "ipc/message.h"

struct userbases {
	struct database *at[DATABASES_MAX]; /* of users, and of tokens */
	struct lookups lookups;
	struct cache *cache; /* what they said; NULL: is not remembered */
};

void userbases_init(struct userbases *u, int parent);

/* One more, the next to be asked; dir is that of the users file. What is wrong ends the
 * process. */
void userbases_add(struct userbases *u, struct settings *settings, int dir,
		   const struct message_DATABASE *m);

/* A channel to a process that asks one of them; the descriptor is taken over. */
void userbases_link(struct userbases *u, const struct settings *settings,
		    const struct message_LOOKUP_LINK *m, int fd);

/* All are there. So many threads are needed to ask them. */
MUST_USE unsigned userbases_start(struct userbases *u, const struct settings *settings);
