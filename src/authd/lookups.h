/* authd/lookups.h - databases that poplar-auth asks through poplar-lookup.
 *
 * Prefix: lookups_. Several threads may call these functions at the same time. Each
 * database has a few lookup processes. Each of them answers one question at a time,
 * over a channel of its own. poplard starts them, and replaces the ones that die or
 * that poplar-auth reports as broken.
 */
#pragma once

#include <pthread.h>

#include "auth/database.h"
#include "config/databases.h"

/* What all these databases share. */
struct lookups {
	pthread_mutex_t mutex;  /* guards this struct and each database's list of free
				   processes */
	pthread_cond_t changed; /* a process has become free */
	int parent;           /* channel to poplard, for reports of broken processes */
	unsigned waiters_max; /* threads that may wait for a free process */
	unsigned waiters;     /* threads that wait for one */
};

void lookups_init(struct lookups *lookups, int parent);

/* Make a database that lookup processes ask. `lookups` and `settings` must outlive the
 * database. NULL: out of memory. */
MUST_USE struct database *lookups_new(struct lookups *lookups,
				      const struct database_settings *settings);

/* Give the database the channel fd to one more process, which poplard calls `number`.
 * The database takes over fd. An answer may take as long as the receive timeout of fd,
 * which poplard has set. */
void lookups_link(struct database *database, uint64_t number, int fd);
