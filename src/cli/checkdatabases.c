/* cli/checkdatabases.c - poplar check: databases that lookup processes ask.
 *
 * Prefix: check_.
 */
#include "cli/checkdatabases.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/own.h"
#include "sys/file.h"

/* A path that the processes of a database must be able to use: read it (R_OK) or run it
 * (X_OK). */
struct wanted {
	struct checking *checking;
	const struct database_settings *db;
	const char *path;
	int mode;
};

static void complain(struct checking *c, enum setup_weight weight,
		     const struct database_settings *db, const char *doing,
		     const char *what, int sys)
{
	check_format(c, weight, "database %s: %s %.500s%s%s", db->name, doing, what,
		     sys ? ": " : "", sys ? strerrordesc_np(sys) : "");
}

static bool can_use(void *arg)
{
	const struct wanted *w = arg;

	if (faccessat(AT_FDCWD, w->path, w->mode, AT_EACCESS) == 0)
		return true;
	complain(w->checking, SETUP_TROUBLE, w->db,
		 w->mode == X_OK ? "cannot run, as run-as," : "cannot read, as run-as,",
		 w->path, errno);
	return false;
}

/* Find the ids that the processes of the database run as, in the way of
 * parent/lookups.c. */
static bool find_ids(struct checking *c, const struct database_settings *db,
		     struct ids *out)
{
	*out = c->auth;
	switch (ids_find(db->run_as, db->run_as_group, out)) {
	case IDS_FOUND:
		return true;
	case IDS_NO_USER:
		complain(c, SETUP_ERROR, db,
			 "run-as: there is no such user:", db->run_as, errno);
		return false;
	case IDS_NO_GROUP:
		complain(c, SETUP_ERROR, db,
			 "run-as-group: there is no such group:", db->run_as_group,
			 errno);
		return false;
	case IDS_ROOT:
		break;
	}
	if (!database_may_be_root(db))
		complain(c, SETUP_ERROR, db, "its processes may not run as", "root", 0);
	return database_may_be_root(db);
}

static void check_path(struct checking *c, const struct database_settings *db,
		       struct ids ids, const char *path, int mode)
{
	struct wanted w = { c, db, path, mode };

	if (*path)
		check_as(c, ids, can_use, &w, SETUP_TROUBLE);
}

static void check_service(struct checking *c, const struct database_settings *db)
{
	char path[8192];

	snprintf(path, sizeof path, "%s/%s",
		 *db->service_dir ? db->service_dir : "/etc/pam.d", db->service);
	if (access(path, R_OK) < 0)
		complain(c, SETUP_TROUBLE, db, "cannot read the PAM service", path,
			 errno);
}

/* Can poplard open the folder of the database's file, for the processes that ask it? */
static bool has_folder(struct checking *c, const struct database_settings *db)
{
	struct why why = { 0 };
	const char *name;
	OWN_FD dir = -1;

	if (db->driver != DRIVER_SQLITE ||
	    file_open_parent(db->path, &dir, &name, &why) == FAULT_NONE)
		return true;
	complain(c, SETUP_ERROR, db, "cannot open directory", why.what, why.sys);
	return false;
}

static void check_one(struct checking *c, const struct database_settings *db)
{
	struct ids ids;

	if (!find_ids(c, db, &ids))
		return;
	if (has_folder(c, db))
		check_path(c, db, ids, db->path, R_OK);
	check_path(c, db, ids, db->ca_file, R_OK);
	if (db->program.count > 0)
		check_path(c, db, ids, db->program.at[0], X_OK);
	if (db->driver == DRIVER_PAM)
		check_service(c, db);
	if (*db->password_file && access(db->password_file, R_OK) < 0)
		complain(c, SETUP_TROUBLE, db, "cannot read", db->password_file, errno);
}

void check_databases(struct checking *c)
{
	const struct databases *all = &c->settings.databases;

	for (unsigned i = 0; i < all->count; i++)
		if (database_is_asked(&all->at[i]))
			check_one(c, &all->at[i]);
}
