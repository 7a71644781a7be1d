/* authd/lookups.h - databases that poplar-auth asks through poplar-lookup.
 *
 * Prefix: lookups_. For many threads. Each database has a few lookup processes. Each of
 * them answers one question at a time, over a channel of its own. poplard starts them,
 * and replaces the ones that die or that poplar-auth reports as broken.
 */
#pragma once

#include <pthread.h>

#include "auth/database.h"
#include "config/databases.h"

/* What all these databases share. */
struct lookups {
	pthread_mutex_t mutex;  /* over this and over each database's free processes */
	pthread_cond_t changed; /* a process has become free */
	int parent;           /* channel to poplard, for reports of broken processes */
	unsigned waiters_max; /* threads that may wait for a free process */
	unsigned waiters;     /* threads that do */
};

void lookups_init(struct lookups *lookups, int parent);

/* A database that lookup processes ask. The caller keeps `lookups` and `settings`,
 * which must outlive the database. NULL: no memory. */
MUST_USE struct database *lookups_new(struct lookups *lookups,
				      const struct database_settings *settings);

/* Give the database a channel to one more process, which poplard calls `number`. The
 * database owns fd. The receive timeout of fd is how long an answer may take. */
void lookups_link(struct database *database, uint64_t number, int fd);
