/* cli/recipientfiles.c - finds the user who gets the mail of an address, in the users
 * files.
 *
 * Prefix: recipient_files_.
 */
#include "cli/recipientfiles.h"

#include <assert.h>

#include "base/own.h"
#include "sys/file.h"

static_assert((int)RECIPIENT_DOMAINS_STRIP == RECIPIENT_STRIP &&
		      (int)RECIPIENT_DOMAINS_KEEP == RECIPIENT_KEEP &&
		      (int)RECIPIENT_DOMAINS_REQUIRE == RECIPIENT_REQUIRE,
	      "setting and rule have the same values");

static enum fault add(struct recipient_files *files, struct database **io_end,
		      const struct database_settings *s, const char *path,
		      struct why *why)
{
	const char *name;
	OWN_FD dir = -1;
	const enum fault f = file_open_parent(path, &dir, &name, why);

	if (f)
		return f;
	struct database *db = passwdfile_new(dir, name);
	if (!db)
		return fault_set(why, FAULT_NOMEM, 0, NULL, NULL);
	db->name = s->name;
	db->stop_unknown = s->if_unknown == IF_FAIL;
	db->stop_wrong = s->if_wrong == IF_FAIL;
	files->dirs[files->count++] = TAKE_FD(dir);
	if (*io_end)
		(*io_end)->next = db;
	else
		files->databases = db;
	*io_end = db;
	return FAULT_NONE;
}

enum fault recipient_files_begin(struct recipient_files *files,
				 const struct settings *s, struct why *why)
{
	struct database *end = NULL;
	enum fault f = FAULT_NONE;

	*files = (struct recipient_files){ .count = 0 };
	for (unsigned i = 0; i < s->databases.count && !f; i++) {
		const struct database_settings *db = &s->databases.at[i];

		if (database_has_tokens(db))
			continue;
		f = database_is_asked(db)
			    ? fault_set(why, FAULT_SETUP, 0,
					"ask without the server the database", db->name)
			    : add(files, &end, db, *db->path ? db->path : s->users,
				  why);
	}
	if (!f && !end)
		f = fault_set(why, FAULT_SETUP, 0, "find a users file", NULL);
	files->login =
		(struct login_rules){ .databases = files->databases,
				      .default_domain = span_of(s->default_domain),
				      .fold = s->fold_names };
	files->rules = (struct recipient_rules){
		.login = &files->login,
		.domains = (enum recipient_domains)s->recipient_domains,
		.delimiters = span_of(s->recipient_delimiter),
		.catch_all = span_of(s->catch_all),
		.postmaster = span_of(s->postmaster),
	};
	return f;
}

void recipient_files_end(struct recipient_files *files)
{
	database_free(files->databases);
	for (unsigned i = 0; i < files->count; i++)
		own_fd_close(&files->dirs[i]);
	*files = (struct recipient_files){ .count = 0 };
}
