/* parent/lookups.c - plans the lookup processes, which ask databases.
 *
 * Prefix: lookup_.
 */
#include "parent/lookups.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "parent/workers.h"
#include "sys/file.h"

static bool refuse(const struct database_settings *db, const char *doing,
		   const char *what, int sys)
{
	struct why why;

	fault_set(&why, FAULT_SETUP, sys, doing, what);
	log_fault(&why, "configuration", LOG_T("database", db->name));
	return false;
}

static bool find_ids(const struct generation *g, const struct database_settings *db,
		     struct ids *out)
{
	*out = g->ids[ROLE_AUTH];
	switch (ids_find(db->run_as, db->run_as_group, out)) {
	case IDS_NO_USER:
		return refuse(db, "find run-as", db->run_as, errno);
	case IDS_NO_GROUP:
		return refuse(db, "find run-as-group", db->run_as_group, errno);
	case IDS_ROOT:
		return database_may_be_root(db) ||
		       refuse(db, "run as root", "the processes of this driver", 0);
	case IDS_FOUND:
		break;
	}
	return true;
}

/* The folder that the sandbox leaves readable: that of a SQLite database; for a driver
 * that uses the network, everything that its user may read. */
static bool open_dir(const struct database_settings *db, int *out)
{
	const char *name;
	struct why why;

	*out = -1;
	if (db->driver == DRIVER_SQLITE) {
		if (file_open_parent(db->path, out, &name, &why))
			return refuse(db, why.doing, why.what, why.sys);
	} else if (database_is_remote(db)) {
		*out = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	return true;
}

bool lookup_plan(struct generation *g)
{
	const struct databases *all = &g->settings.databases;

	for (unsigned i = 0; i < all->count; i++) {
		const struct database_settings *db = &all->at[i];

		if (!database_is_asked(db))
			continue;
		if (!find_ids(g, db, &g->lookup_ids[i]) ||
		    !open_dir(db, &g->lookup_dirs[i]))
			return false;
		for (unsigned n = 0; n < db->processes; n++) {
			struct worker *k = worker_new(g, ROLE_LOOKUP, g->lookup_ids[i]);

			if (!k)
				return refuse(db, "find memory for", "its processes",
					      0);
			k->database = i;
		}
	}
	return true;
}
