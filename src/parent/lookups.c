/* parent/lookups.c - poplard's children that ask databases of users.
 *
 * Prefix: lookup_.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/own.h"
#include "parent/parent.h"
#include "sys/file.h"

static bool refuse(const struct database_settings *db, const char *doing,
		   const char *what, int sys)
{
	struct why why;

	fault_set(&why, FAULT_SETUP, sys, doing, what);
	log_fault(&why, "configuration", LOG_T("database", db->name));
	return false;
}

/* Without root, everything runs as whoever started us. */
static bool find_ids(const struct parent *p, const struct generation *g,
		     const struct database_settings *db, struct ids *out)
{
	*out = g->ids[ROLE_AUTH];
	if (!p->is_root)
		return true;
	errno = 0;
	const struct passwd *pw = *db->run_as ? getpwnam(db->run_as) : NULL;
	if (*db->run_as && !pw)
		return refuse(db, "find run-as", db->run_as, errno);
	if (pw)
		*out = (struct ids){ pw->pw_uid, pw->pw_gid };
	if (out->uid == 0 && !database_may_be_root(db))
		return refuse(db, "take, instead of root, another user for", "run-as",
			      0);
	errno = 0;
	const struct group *gr = *db->run_as_group ? getgrnam(db->run_as_group) : NULL;
	if (*db->run_as_group && !gr)
		return refuse(db, "find run-as-group", db->run_as_group, errno);
	if (gr)
		out->gid = gr->gr_gid;
	return true;
}

/* What its walls leave open: the folder of a file; for what talks to the network, all
 * that its user may read. */
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

bool lookup_plan(const struct parent *p, struct generation *g)
{
	const struct databases *all = &g->settings.databases;

	for (unsigned i = 0; i < all->count; i++) {
		const struct database_settings *db = &all->at[i];

		if (!database_is_asked(db))
			continue;
		if (!find_ids(p, g, db, &g->lookup_ids[i]) ||
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

static void tell_database(const struct worker *k, const struct database_settings *db)
{
	char room[16000];
	struct buf packed = BUF(room);

	rows_pack(database_rows(), db, k->role, &packed);
	const struct message m = { .kind = MESSAGE_DATABASE,
				   .DATABASE = { span_of(db->name),
						 buf_span(&packed) } };
	worker_say(k, &m, -1);
}

void lookup_tell_auth(const struct worker *auth)
{
	const struct databases *all = &auth->generation->settings.databases;

	for (unsigned i = 0; i < all->count; i++)
		tell_database(auth, &all->at[i]);
}

void boards_tell_auth(const struct worker *auth)
{
	const struct boards *all = &auth->generation->settings.boards;
	char room[16000];

	for (unsigned i = 0; i < all->count; i++) {
		struct buf packed = BUF(room);

		rows_pack(board_rows(), &all->at[i], ROLE_AUTH, &packed);
		worker_say(auth,
			   &(struct message){ .kind = MESSAGE_BOARD,
					      .BOARD = { span_of(all->at[i].name),
							 buf_span(&packed) } },
			   -1);
	}
}

void lookup_tell(const struct worker *k)
{
	const struct database_settings *db =
		&k->generation->settings.databases.at[k->database];
	int dir = k->generation->lookup_dirs[k->database];

	tell_database(k, db);
	if (dir >= 0)
		worker_say(k, &(struct message){ .kind = MESSAGE_DIRECTORY }, dir);
	if (!*db->password_file)
		return;
	OWN_FD fd = open(db->password_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		worker_say(k, &(struct message){ .kind = MESSAGE_SECRET }, fd);
	else
		refuse(db, "open", db->password_file, errno);
}

void lookup_broken(const struct worker *auth, uint64_t number)
{
	for (const struct worker *k = auth->generation->workers; k; k = k->next) {
		if (k->role != ROLE_LOOKUP || k->number != number || k->pid == 0)
			continue;
		log_event(LOG_WARNING, "lookup-replaced",
			  LOG_T("database",
				auth->generation->settings.databases.at[k->database]
					.name),
			  LOG_N("pid", (uint64_t)k->pid));
		kill(k->pid, SIGKILL);
	}
}
