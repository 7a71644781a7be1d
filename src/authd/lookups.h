/* authd/lookups.h - databases that poplar-auth asks through poplar-lookup.
 *
 * Prefix: lookups_. For many threads. Each database has a few
 * processes, each of which answers one question at a time over a channel of its own;
 * the parent starts them, and starts them anew.
 */
#pragma once

#include <pthread.h>

#include "auth/database.h"
#include "config/databases.h"

/* What all of them share. */
struct lookups {
	pthread_mutex_t mutex; /* over the lists of channels, too */
	pthread_cond_t changed;
	int parent;       /* channel on which a broken process is told */
	unsigned patient; /* so many threads may wait for a process to be free */
	unsigned waiting;
};

void lookups_init(struct lookups *lookups, int parent);

/* A database that is asked so. settings and lookups stay the caller's and must stay
 * there. NULL: no memory. */
MUST_USE struct database *lookups_new(struct lookups *lookups,
				      const struct database_settings *settings);

/* A channel to one more process, the database's own now, with what the parent calls it.
 */
void lookups_link(struct database *database, uint64_t number, int fd);
