/* config/file/database.c - reads the sections of poplar.conf that describe databases.
 *
 * Prefix: config_.
 */
#include "config/file/database.h"

#include <string.h>

#include "base/address.h"
#include "base/jwa.h"

/* Does the driver have each given setting, and is each setting given that it needs? */
static void check_rows(struct loading *l, const struct database_settings *db, int line)
{
	const struct rows rows = database_rows();
	const char *driver = database_driver_name(db->driver);

	if (!database_driver_is_built(db->driver))
		config_complain(l, l->in_section[0],
				"driver: %s is not in this build of Poplar", driver);
	for (unsigned i = 0; i < rows.count; i++) {
		const struct row *row = &rows.at[i];
		char name[ROW_NAME_MAX];

		row_name(row, name);
		if (l->in_section[i] > 0 && !database_has(db, row))
			config_complain(
				l, l->in_section[i],
				"%s: a database of driver %s has no such setting", name,
				driver);
		if (database_needs(db, row) && row_is_empty(row, db))
			config_complain(l, line, "database %s: driver %s needs %s",
					db->name, driver, name);
	}
}

static bool has_password(const struct text_list *attributes)
{
	for (unsigned i = 0; i < attributes->count; i++)
		if (strncmp(attributes->at[i], "password=", strlen("password=")) == 0)
			return true;
	return false;
}

static void check_ldap(struct loading *l, const struct database_settings *db, int line)
{
	bool stored = db->passwords == PASSWORDS_STORED;

	if (!*db->base == !*db->bind_template)
		config_complain(l, line,
				"database %s: expected either base or bind-template",
				db->name);
	else if (stored && *db->bind_template)
		config_complain(l, line,
				"database %s: bind-template needs passwords = bind",
				db->name);
	else if (stored && !has_password(&db->attributes))
		config_complain(l, line,
				"database %s: passwords = stored needs an attribute "
				"password=...",
				db->name);
}

/* The host, without port and brackets; empty: the URL has another scheme, or is
 * malformed. */
static struct span host_of(const char *uri, const char *scheme)
{
	struct span s = span_of(uri), host;

	if (!span_starts_nocase(s, scheme))
		return SPAN("");
	s = span_after(s, strlen(scheme));
	s.len = strcspn(s.at, "/?");
	if (span_has_any(s, "@#\\ "))
		return SPAN("");
	if (s.len == 0 || s.at[0] != '[') {
		span_cut(&s, ':', &host);
		return host;
	}
	s = span_after(s, 1);
	return span_cut(&s, ']', &host) && (s.len == 0 || s.at[0] == ':') ? host
									  : SPAN("");
}

/* Does the URL keep tokens and secrets from others: by TLS, or because it stays on this
 * machine? */
static bool is_private(const char *uri)
{
	struct address a;

	if (strchr(uri, '#'))
		return false;
	return host_of(uri, "https://").len > 0 ||
	       (address_parse(host_of(uri, "http://"), &a) && address_is_loopback(&a));
}

/* A token must be made for this server: its signature shows only who has made it, so
 * its audience or scope must be checked. */
static void check_tokens(struct loading *l, const struct database_settings *db,
			 int line)
{
	if (db->audience.count == 0 && !*db->scope && db->driver == DRIVER_JWT)
		config_complain(l, line,
				"database %s: driver jwt needs audience or scope",
				db->name);
	for (unsigned i = 0; i < db->algorithms.count; i++)
		if (jwa_find(span_of(db->algorithms.at[i])) == JWA_COUNT)
			config_complain(l, line, "algorithms: there is no \"%.100s\"",
					db->algorithms.at[i]);
	if (db->driver != DRIVER_INTROSPECTION)
		return;
	if (!is_private(db->uri))
		config_complain(l, line,
				"uri: expected https://, or http:// to a loopback "
				"address, without user and fragment, found "
				"\"%.100s\"",
				db->uri);
	if (*db->password_file && !*db->client_id)
		config_complain(l, line, "database %s: password-file needs client-id",
				db->name);
}

static void check_values(struct loading *l, const struct database_settings *db,
			 int line)
{
	config_check_path(l, line, "path", db->path);
	config_check_path(l, line, "password-file", db->password_file);
	config_check_path(l, line, "ca-file", db->ca_file);
	config_check_path(l, line, "service-dir", db->service_dir);
	if (db->program.count > 0)
		config_check_path(l, line, "program", db->program.at[0]);
	if (*db->query_find && !strstr(db->query_find, "%u"))
		config_complain(l, line,
				"query-find: expected %%u where the name goes");
	if (db->driver == DRIVER_LDAP)
		check_ldap(l, db, line);
	if (database_has_tokens(db))
		check_tokens(l, db, line);
	for (unsigned i = 0; i < db->attributes.count; i++)
		if (!strchr(db->attributes.at[i], '='))
			config_complain(l, line,
					"attributes: expected field=attribute, found "
					"\"%.100s\"",
					db->attributes.at[i]);
}

void config_take_database(struct loading *l, cfg_t *section)
{
	struct databases *all = &l->out->databases;
	struct database_settings *db = databases_add(all, span_of(cfg_title(section)));

	if (!db) {
		config_complain(
			l, section->line,
			"expected at most %d databases, with names of at most %d "
			"octets",
			DATABASES_MAX, DATABASE_NAME_MAX);
		return;
	}
	l->database_line[all->count - 1] = section->line;
	const unsigned before = l->wrong;
	config_take_values(l, section, database_rows(), db);
	if (l->wrong == before)
		check_rows(l, db, section->line);
	if (l->wrong == before)
		check_values(l, db, section->line);
	config_check_fit(l, section->line, "database", db->name, database_rows(), db);
}

/* Is file a in the folder of file b? poplar-auth can read one folder only. */
static bool same_folder(const char *a, const char *b)
{
	size_t len = (size_t)(strrchr(b, '/') - b) + 1;

	return strncmp(a, b, len) == 0 && !strchr(a + len, '/') && a[len];
}

static bool has_users(const struct databases *all)
{
	for (unsigned i = 0; i < all->count; i++)
		if (!database_has_tokens(&all->at[i]))
			return true;
	return false;
}

void config_check_databases(struct loading *l)
{
	struct databases *all = &l->out->databases;

	if (!has_users(all) && !databases_add(all, SPAN("users")))
		config_complain(l, 0, "there is no room for the users file");
	for (unsigned i = 0; i < all->count; i++) {
		const struct database_settings *db = &all->at[i];

		if (!database_is_asked(db) && *db->path && *l->out->users == '/' &&
		    !same_folder(db->path, l->out->users))
			config_complain(
				l, l->database_line[i],
				"database %s: path must lie in the folder of the "
				"setting users",
				db->name);
	}
}
