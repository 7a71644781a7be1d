/* role/cli_databases.c - poplar check: databases that poplar-lookup asks, as far as can
 * be told without asking them.
 *
 * Floor 4 (role).
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "base/own.h"
#include "role/cli.h"

/* A path that somebody must be able to use: mode as in access(2). */
struct wanted {
	const struct database_settings *db;
	const char *path;
	int mode;
};

static bool complain(const struct database_settings *db, const char *doing,
		     const char *what, int sys)
{
	fprintf(stderr, "poplar: database %s: %s %s%s%s\n", db->name, doing, what,
		sys ? ": " : "", sys ? strerrordesc_np(sys) : "");
	return false;
}

static bool can_use(void *arg)
{
	const struct wanted *w = arg;

	return faccessat(AT_FDCWD, w->path, w->mode, AT_EACCESS) == 0 ||
	       complain(w->db, w->mode == X_OK ? "run, as run-as," : "read, as run-as,",
			w->path, errno);
}

/* Whom its processes run as: as in role/lookupkids.c. */
static bool find_ids(const struct database_settings *db, struct cli_ids auth,
		     struct cli_ids *out)
{
	*out = auth;
	if (geteuid() != 0)
		return true;
	const struct passwd *pw = *db->run_as ? getpwnam(db->run_as) : NULL;
	if (*db->run_as && !pw)
		return complain(db, "there is no such user:", db->run_as, 0);
	if (pw)
		*out = (struct cli_ids){ pw->pw_uid, pw->pw_gid };
	if (out->uid == 0 && !database_may_be_root(db))
		return complain(db, "its processes may not run as", "root", 0);
	const struct group *gr = *db->run_as_group ? getgrnam(db->run_as_group) : NULL;
	if (*db->run_as_group && !gr)
		return complain(db, "there is no such group:", db->run_as_group, 0);
	if (gr)
		out->gid = gr->gr_gid;
	return true;
}

static bool check_path(const struct database_settings *db, struct cli_ids ids,
		       const char *path, int mode)
{
	struct wanted w = { db, path, mode };

	return !*path || cli_run_as(ids, can_use, &w);
}

static bool check_service(const struct database_settings *db)
{
	char path[8192];

	snprintf(path, sizeof path, "%s/%s",
		 *db->service_dir ? db->service_dir : "/etc/pam.d", db->service);
	return access(path, R_OK) == 0 ||
	       complain(db, "read the PAM service", path, errno);
}

static unsigned check_one(const struct database_settings *db, struct cli_ids auth)
{
	struct cli_ids ids;
	unsigned wrong = 0;

	if (!find_ids(db, auth, &ids))
		return 1;
	wrong += !check_path(db, ids, db->path, R_OK);
	wrong += !check_path(db, ids, db->ca_file, R_OK);
	if (db->program.count > 0)
		wrong += !check_path(db, ids, db->program.at[0], X_OK);
	if (db->driver == DRIVER_PAM)
		wrong += !check_service(db);
	if (*db->password_file && access(db->password_file, R_OK) < 0)
		wrong += !complain(db, "read", db->password_file, errno);
	return wrong;
}

unsigned cli_check_databases(const struct databases *databases, struct cli_ids auth)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < databases->count; i++)
		if (database_is_asked(&databases->at[i]))
			wrong += check_one(&databases->at[i], auth);
	return wrong;
}
