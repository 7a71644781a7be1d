/* convert/courierauth.c - Courier's modules of authdaemond.
 *
 * Prefix: courier_.
 */
#include "convert/courierauth.h"

#include "convert/notes.h"
#include "convert/value.h"

bool courier_read(struct courier_files *files, const char *name,
		  enum assign_style style, unsigned *out_section, bool *out_there)
{
	const size_t begin = files->s->text.len;
	struct span text;

	buf_put(&files->s->text, files->folder);
	buf_char(&files->s->text, '/');
	buf_text(&files->s->text, name);
	const struct span path = { files->s->text.at + begin,
				   files->s->text.len - begin };
	*out_there = files->world->read(files->world->arg, path, &text);
	return !*out_there || assignfile_read(files->s, style, path, text, out_section);
}

/* One module, with the section of its file. */
struct module {
	struct courier_files *files;
	struct result *r;
	const struct source_item *list; /* authmodulelist */
	unsigned section;
	int database;
};

static const struct source_item *take(const struct module *m, const char *name)
{
	return notes_take(m->files->s, m->section, name);
}

static struct span origin(const struct module *m, const struct source_item *item)
{
	return result_origin(m->r, item ? item : m->list);
}

/* Read the module's file. False: a mistake; *out_there: it can be converted. */
static bool open_file(struct module *m, const char *name, bool *out_there)
{
	if (!courier_read(m->files, name, ASSIGN_BLANK, &m->section, out_there))
		return false;
	if (!*out_there)
		result_say(m->r, RESULT_NONE, m->list, "The file ", span_of(name),
			   " cannot be read, so there is no database of it.");
	return true;
}

static bool convert_pam(struct module *m)
{
	m->database = result_add_database(m->r, "pam", "pam", origin(m, m->list));
	result_text(m->r, m->database, "service", SPAN("pop3"),
		    SPAN("Courier's PAM service"));
	result_text(m->r, RESULT_NO_DATABASE, "mail-root", SPAN("/home"),
		    SPAN("the folder of all homes"));
	return true;
}

static bool convert_system(struct module *m)
{
	m->database = result_add_database(m->r, "system", "system", origin(m, m->list));
	result_text(m->r, m->database, "run-as-group", SPAN("shadow"),
		    origin(m, m->list));
	result_text(m->r, RESULT_NO_DATABASE, "mail-root", SPAN("/home"),
		    SPAN("the folder of all homes"));
	return true;
}

static void note_root(struct module *m)
{
	result_note(m->r, RESULT_NONE, NULL, SPAN("mail-root"),
		    SPAN("The homes are in the database: name the folder above all of "
			 "them."));
}

/* ---- SQL ---- */

/* What a query selects, by the setting that has the column. */
static const struct {
	const char *setting, *field, *standard;
} columns[] = {
	{ "CRYPT_PWFIELD", "password", NULL }, { "UID_FIELD", "uid", "uid" },
	{ "GID_FIELD", "gid", "gid" },         { "HOME_FIELD", "home", "home" },
	{ "MAILDIR_FIELD", "maildrop", NULL },
};

static const struct source_item *take_sql(const struct module *m, const char *prefix,
					  const char *name)
{
	char room[64];
	struct buf b = BUF(room);

	buf_text(&b, prefix);
	buf_text(&b, name);
	return take(m, buf_cstr(&b));
}

static void put_query(struct module *m, const char *prefix, struct buf *out)
{
	const struct source_item *login = take_sql(m, prefix, "LOGIN_FIELD");
	const struct source_item *table = take_sql(m, prefix, "USER_TABLE");
	const struct source_item *where = take_sql(m, prefix, "WHERE_CLAUSE");
	const struct source_item *clear = take_sql(m, prefix, "CLEAR_PWFIELD");

	buf_text(out, "SELECT ");
	for (unsigned i = 0; i < sizeof columns / sizeof *columns; i++) {
		const struct source_item *item =
			take_sql(m, prefix, columns[i].setting);
		struct span value = item                  ? item->value
				    : columns[i].standard ? span_of(columns[i].standard)
							  : SPAN("");

		if (i == 0 && !item && clear) {
			buf_text(out, "'{PLAIN}' || ");
			value = clear->value;
		}
		if (value.len == 0)
			continue;
		buf_put(out, value);
		buf_text(out, " AS ");
		buf_text(out, columns[i].field);
		buf_text(out, i + 1 < sizeof columns / sizeof *columns ? ", " : "");
	}
	while (out->len > 0 && strchr(", ", out->at[out->len - 1]))
		out->len--;
	buf_text(out, " FROM ");
	buf_put(out, table ? table->value : SPAN("passwd"));
	buf_text(out, " WHERE ");
	buf_put(out, login ? login->value : SPAN("id"));
	buf_text(out, " = %u");
	if (where) {
		buf_text(out, " AND (");
		buf_put(out, where->value);
		buf_char(out, ')');
	}
}

static void set_query(struct module *m, const char *prefix)
{
	const struct source_item *own = take_sql(m, prefix, "SELECT_CLAUSE");
	char room[4096];
	struct buf b = BUF(room);

	put_query(m, prefix, &b);
	result_text(m->r, m->database, "query-find", buf_span(&b),
		    SPAN("the columns that the module's file names"));
	if (own)
		result_about(m->r, RESULT_NONE, own,
			     "Poplar cannot ask this query: write query-find by hand.");
	note_root(m);
}

static bool convert_pgsql(struct module *m)
{
	static const char *const names[][2] = {
		{ "PGSQL_HOST", "host=" },
		{ "PGSQL_PORT", " port=" },
		{ "PGSQL_USERNAME", " user=" },
		{ "PGSQL_DATABASE", " dbname=" },
	};
	char room[1024];
	struct buf b = BUF(room);
	bool there;

	if (!open_file(m, "authpgsqlrc", &there) || !there)
		return !m->files->s->mistake[0];
	m->database =
		result_add_database(m->r, "sql", "postgresql", origin(m, m->list));
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
		const struct source_item *item = take(m, names[i][0]);

		if (!item)
			continue;
		buf_text(&b, names[i][1]);
		buf_put(&b, item->value);
	}
	result_text(m->r, m->database, "connection", value_trim(buf_span(&b)),
		    SPAN("PGSQL_HOST and others of authpgsqlrc"));
	const struct source_item *secret = take(m, "PGSQL_PASSWORD");
	if (secret)
		result_secret(m->r, m->database, secret->value);
	set_query(m, "PGSQL_");
	return true;
}

static bool convert_sqlite(struct module *m)
{
	bool there;

	if (!open_file(m, "authsqliterc", &there) || !there)
		return !m->files->s->mistake[0];
	const struct source_item *path = take(m, "SQLITE_DATABASE");
	m->database = result_add_database(m->r, "sql", "sqlite", origin(m, m->list));
	if (path)
		result_text(m->r, m->database, "path", path->value, origin(m, path));
	set_query(m, "SQLITE_");
	return true;
}

/* ---- LDAP ---- */

static void set(struct module *m, const char *setting, const char *name)
{
	const struct source_item *item = take(m, name);

	if (item)
		result_text(m->r, m->database, setting, item->value, origin(m, item));
}

static void set_uri(struct module *m)
{
	const struct source_item *item = take(m, "LDAP_URI");
	struct span rest = item ? item->value : SPAN("ldap://localhost"), one;
	char room[1024];
	struct buf b = BUF(room);

	while (value_word(&rest, &one)) {
		buf_text(&b, b.len > 0 ? " " : "");
		buf_put(&b, one);
	}
	result_text(m->r, m->database, "uri", buf_span(&b), origin(m, item));
}

static void set_filter(struct module *m)
{
	const struct source_item *mail = take(m, "LDAP_MAIL");
	const struct source_item *more = take(m, "LDAP_FILTER");
	char room[1024];
	struct buf b = BUF(room);

	buf_text(&b, more ? "(&" : "");
	if (more)
		buf_put(&b, more->value);
	buf_char(&b, '(');
	buf_put(&b, mail ? mail->value : SPAN("mail"));
	buf_text(&b, "=%u)");
	buf_text(&b, more ? ")" : "");
	result_text(m->r, m->database, "filter", buf_span(&b), origin(m, mail));
}

static void map(struct module *m, const char *name, const char *field)
{
	const struct source_item *item = take(m, name);
	char room[256];
	struct buf b = BUF(room);

	if (!item)
		return;
	buf_text(&b, field);
	buf_char(&b, '=');
	buf_put(&b, item->value);
	result_list(m->r, m->database, "attributes", buf_span(&b), origin(m, item));
}

static void set_passwords(struct module *m)
{
	const struct source_item *bind = take(m, "LDAP_AUTHBIND");
	const struct source_item *clear = take(m, "LDAP_CLEARPW");
	bool binds = false;

	if (bind && !value_bool(bind->value, &binds))
		binds = false;
	result_word(m->r, m->database, "passwords",
		    binds ? SPAN("bind") : SPAN("stored"), origin(m, bind));
	if (binds)
		take(m, "LDAP_CRYPTPW");
	else
		map(m, "LDAP_CRYPTPW", "password");
	if (clear && !binds)
		result_about(
			m->r, RESULT_NONE, clear,
			"In Poplar, the attribute with the password has its scheme in "
			"front, as {PLAIN}.");
}

static bool convert_ldap(struct module *m)
{
	bool there, tls = false;

	if (!open_file(m, "authldaprc", &there) || !there)
		return !m->files->s->mistake[0];
	m->database = result_add_database(m->r, "ldap", "ldap", origin(m, m->list));
	set_uri(m);
	set(m, "base", "LDAP_BASEDN");
	set(m, "bind-dn", "LDAP_BINDDN");
	set_filter(m);
	set_passwords(m);
	map(m, "LDAP_HOMEDIR", "home");
	map(m, "LDAP_MAILDIR", "maildrop");
	map(m, "LDAP_UID", "uid");
	map(m, "LDAP_GID", "gid");
	const struct source_item *secret = take(m, "LDAP_BINDPW");
	if (secret)
		result_secret(m->r, m->database, secret->value);
	const struct source_item *start = take(m, "LDAP_TLS");
	if (start && value_bool(start->value, &tls) && tls)
		result_word(m->r, m->database, "start-tls", SPAN("yes"),
			    origin(m, start));
	note_root(m);
	return true;
}

/* ---- modules ---- */

static const struct {
	const char *name;
	bool (*convert)(struct module *m);
	const char *text;
} modules[] = {
	{ "authpam", convert_pam, NULL },
	{ "authpwd", convert_system, NULL },
	{ "authshadow", convert_system, NULL },
	{ "authpgsql", convert_pgsql, NULL },
	{ "authsqlite", convert_sqlite, NULL },
	{ "authldap", convert_ldap, NULL },
	{ "authmysql", NULL,
	  "Poplar does not ask MySQL: keep the users in PostgreSQL, SQLite or a "
	  "file." },
	{ "authuserdb", NULL,
	  "Poplar does not read userdb.dat: write the users of /etc/courier/userdb "
	  "into a users file." },
	{ "authcustom", NULL, "Poplar has no such module." },
	{ "authpipe", NULL,
	  "Poplar runs programs with the interface of checkpassword only." },
};
enum { MODULES = sizeof modules / sizeof *modules };

static bool convert_module(struct courier_files *files, struct result *r,
			   const struct source_item *list, struct span name)
{
	struct module m = { .files = files, .r = r, .list = list };

	for (unsigned i = 0; i < MODULES; i++) {
		if (!span_is(name, modules[i].name))
			continue;
		if (modules[i].convert)
			return modules[i].convert(&m);
		result_say(r, RESULT_NONE, list, modules[i].text, SPAN(""), "");
		return true;
	}
	result_say(r, RESULT_NONE, list, "Poplar does not know the module ", name, ".");
	return true;
}

bool courier_convert_databases(struct courier_files *files, struct result *r)
{
	unsigned section;
	struct span rest, name;
	bool there;

	if (!courier_read(files, "authdaemonrc", ASSIGN_SHELL, &section, &there))
		return false;
	const struct source_item *list =
		there ? notes_take(files->s, section, "authmodulelist") : NULL;
	if (!list) {
		result_note(r, RESULT_NONE, NULL, SPAN("authmodulelist"),
			    SPAN("No file authdaemonrc names the modules, so the "
				 "result has no "
				 "database."));
		return true;
	}
	rest = list->value;
	while (value_word(&rest, &name))
		if (!convert_module(files, r, list, name))
			return false;
	return true;
}
