/* lookup/sqlite.c - asks a database file of SQLite.
 */
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "lookup/driver.h"

struct file {
	const char *path;
	char query[8192];
	int timeout_ms; /* how long to wait for a writer's lock */
	sqlite3 *db;
	sqlite3_stmt *find;
	dev_t dev; /* of the open file */
	ino_t inode;
};

static void *open_file(const struct database_settings *settings, const char *secret,
		       struct why *why)
{
	struct file *f = calloc(1, sizeof *f);

	(void)secret;
	if (!f ||
	    !lookup_query(settings->query_find, "?1", f->query, sizeof f->query)) {
		fault_set(why, FAULT_NOMEM, 0, "keep query-find", NULL);
		free(f);
		return NULL;
	}
	f->path = settings->path;
	f->timeout_ms = (int)settings->timeout / 2;
	return f;
}

static void disconnect(struct file *f)
{
	sqlite3_finalize(f->find);
	sqlite3_close(f->db);
	f->find = NULL;
	f->db = NULL;
}

static enum database_says trouble(struct file *f, struct lookup_answer *answer,
				  const char *doing)
{
	enum database_says says = lookup_down(answer, FAULT_IO, 0, doing,
					      f->db ? sqlite3_errmsg(f->db) : f->path);

	disconnect(f);
	return says;
}

/* A file that was replaced is another database. */
static bool is_connected(struct file *f, const struct stat *st)
{
	if (f->find && (f->dev != st->st_dev || f->inode != st->st_ino))
		disconnect(f);
	f->dev = st->st_dev;
	f->inode = st->st_ino;
	return f->find != NULL;
}

/* Open the file read-only, and prepare the query. Functions that the file's own schema
 * calls are not trusted. */
static bool connect_to(struct file *f)
{
	return sqlite3_open_v2(f->path, &f->db, SQLITE_OPEN_READONLY, NULL) ==
		       SQLITE_OK &&
	       sqlite3_busy_timeout(f->db, f->timeout_ms) == SQLITE_OK &&
	       sqlite3_db_config(f->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) ==
		       SQLITE_OK &&
	       sqlite3_exec(f->db, "PRAGMA temp_store = MEMORY", NULL, NULL, NULL) ==
		       SQLITE_OK &&
	       sqlite3_prepare_v3(f->db, f->query, -1, SQLITE_PREPARE_PERSISTENT,
				  &f->find, NULL) == SQLITE_OK;
}

static bool put_row(const struct file *f, struct lookup_answer *answer)
{
	for (int i = 0; i < sqlite3_column_count(f->find); i++) {
		const void *at = sqlite3_column_blob(f->find, i);
		int len = sqlite3_column_bytes(f->find, i);

		if (sqlite3_column_type(f->find, i) != SQLITE_NULL &&
		    !lookup_field(answer, sqlite3_column_name(f->find, i),
				  (struct span){ at, (size_t)len }))
			return false;
	}
	return true;
}

static enum database_says ask_file(struct file *f, const struct lookup_question *q,
				   struct lookup_answer *answer)
{
	sqlite3_reset(f->find);
	if (sqlite3_bind_parameter_count(f->find) != 1)
		return lookup_down(answer, FAULT_SETUP, 0,
				   "use query-find: %u stands in quotes",
				   sqlite3_sql(f->find));
	if (sqlite3_bind_text(f->find, 1, q->name.at, (int)q->name.len,
			      SQLITE_TRANSIENT) != SQLITE_OK)
		return trouble(f, answer, "bind the name");
	int step = sqlite3_step(f->find);
	if (step == SQLITE_DONE)
		return DATABASE_UNKNOWN;
	if (step != SQLITE_ROW)
		return trouble(f, answer, "ask");
	if (!put_row(f, answer))
		return DATABASE_DOWN;
	step = sqlite3_step(f->find);
	if (step == SQLITE_ROW)
		return lookup_down(answer, FAULT_SETUP, 0,
				   "find one user only with query-find", NULL);
	return step == SQLITE_DONE ? DATABASE_RIGHT : trouble(f, answer, "ask");
}

static enum database_says ask(void *self, const struct lookup_question *q,
			      struct lookup_answer *answer)
{
	struct file *f = self;
	struct stat st;

	if (stat(f->path, &st) < 0)
		return trouble(f, answer, "find");
	if (!is_connected(f, &st) && !connect_to(f))
		return trouble(f, answer, "open");
	enum database_says says = ask_file(f, q, answer);
	/* A statement that is not reset keeps a lock, which would block writers. */
	if (f->find) {
		sqlite3_reset(f->find);
		sqlite3_clear_bindings(f->find);
	}
	return says;
}

const struct lookup_driver lookup_sqlite = { open_file, ask };
