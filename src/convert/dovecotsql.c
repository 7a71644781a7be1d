/* convert/dovecotsql.c - Dovecot's databases that are asked by SQL.
 *
 * Prefix: dovecot_.
 */
#include "convert/dovecotsql.h"

#include "convert/sql.h"
#include "convert/value.h"

/* What the settings of 2.3 (in a file of their own) and of 2.4 say. */
struct database {
	const struct source_item *driver, *connect, *scheme;
	const struct source_item *password, *user; /* the queries */
	unsigned section;                          /* of 2.4: "pgsql HOST { ... }" */
};

/* ---- reading ---- */

static bool find_23(struct dovecot *d, unsigned passdb, unsigned userdb,
		    struct database *db)
{
	const struct source_item *args = dovecot_get_in(d, passdb, "args");
	const struct source_item *more = userdb ? dovecot_get_in(d, userdb, "args")
						: NULL;
	const unsigned at = args ? dovecot_read_file(d, args) : 0;
	const unsigned users = more ? dovecot_read_file(d, more) : 0;

	if (!args)
		return source_fail(d->s, d->s->sections[passdb].place,
				   "passdb sql has no args", SPAN(""));
	if (at == 0 || (more && users == 0))
		return false;
	db->driver = dovecot_get_in(d, at, "driver");
	db->connect = dovecot_get_in(d, at, "connect");
	db->scheme = dovecot_get_in(d, at, "default_pass_scheme");
	db->password = dovecot_get_in(d, at, "password_query");
	if (users)
		db->user = dovecot_get_in(d, users, "user_query");
	else if (dovecot_get_in(d, at, "user_query"))
		result_about(d->r, RESULT_NEEDLESS, dovecot_get_in(d, at, "user_query"),
			     "No userdb asks this query.");
	return true;
}

static void find_24(struct dovecot *d, unsigned passdb, unsigned userdb,
		    struct database *db)
{
	db->driver = dovecot_get(d, "sql_driver", NULL);
	db->connect = dovecot_get(d, "sqlite_path", NULL);
	db->scheme = dovecot_get_in(d, passdb, "default_password_scheme");
	if (!db->scheme)
		db->scheme = dovecot_get(d, "passdb_default_password_scheme", NULL);
	db->password = dovecot_get_in(d, passdb, "query");
	db->user = userdb ? dovecot_get_in(d, userdb, "query") : NULL;
	db->section = dovecot_section(d, 0, "pgsql", NULL, 0);
}

/* ---- connection ---- */

/* One "name=value" of a connection string. */
struct connection {
	struct dovecot *d;
	int database;
	const struct source_item *item;
	char room[1024], hosts[256];
	struct buf text, host;
};

static void add_word(struct connection *c, struct span name, struct span value)
{
	if (span_is(name, "password")) {
		while (value.len > 1 && value.at[0] == '\'')
			value = (struct span){ value.at + 1, value.len - 2 };
		result_secret(c->d->r, c->database, value);
	} else if (span_is(name, "host")) {
		buf_text(&c->host, c->host.len > 0 ? "," : "");
		buf_put(&c->host, value);
	} else if (span_is(name, "maxconns")) {
		result_count(c->d->r, c->database, "processes", value, c->item);
	} else {
		buf_char(&c->text, ' ');
		buf_put(&c->text, name);
		buf_char(&c->text, '=');
		buf_put(&c->text, value);
	}
}

static void add_string(struct connection *c, struct span text)
{
	struct span word, name;

	while (value_word(&text, &word))
		if (span_cut(&word, '=', &name))
			add_word(c, name, word);
}

/* "pgsql HOST { parameters { user = x password = y dbname = z } }" */
static void add_section(struct connection *c, unsigned section)
{
	const unsigned parameters =
		dovecot_section(c->d, section, "parameters", NULL, 0);

	add_word(c, SPAN("host"), c->d->s->sections[section].title);
	for (unsigned i = 0; i < c->d->s->count; i++) {
		struct source_item *item = &c->d->s->items[i];

		if (item->section != section &&
		    (parameters == 0 || item->section != parameters))
			continue;
		item->used = true;
		c->item = item;
		if (!item->hidden)
			add_word(c, item->name, item->value);
	}
}

static void convert_connection(struct dovecot *d, int database,
			       const struct database *db)
{
	struct connection c = { .d = d, .database = database, .item = db->connect };

	c.text = BUF(c.room);
	c.host = BUF(c.hosts);
	if (db->connect)
		add_string(&c, db->connect->value);
	else if (db->section)
		add_section(&c, db->section);
	if (c.host.len > 0) {
		buf_text(&c.text, " host=");
		buf_put(&c.text, buf_span(&c.host));
	}
	result_text(d->r, database, "connection", value_trim(buf_span(&c.text)),
		    dovecot_origin(d, c.item, "connect"));
}

static void convert_path(struct dovecot *d, int database,
			 const struct source_item *item)
{
	struct span rest = dovecot_value(item, ""), word = SPAN("");

	if (value_word(&rest, &word) && span_starts(word, "path="))
		word = span_after(word, strlen("path="));
	result_text(d->r, database, "path", word,
		    dovecot_origin(d, item, "sqlite_path"));
}

/* ---- queries ---- */

static bool turn(struct dovecot *d, const struct sql_form *form,
		 const struct source_item *item, struct buf *out)
{
	struct span what = SPAN("");

	if (!item)
		return true;
	if (sql_turn(value_trim(item->value), form, out, &what))
		return true;
	result_say(d->r, RESULT_NONE, item,
		   "Poplar cannot ask this query, because of \"", what,
		   "\": write query-find by hand.");
	return false;
}

static void convert_query(struct dovecot *d, int database, const struct database *db,
			  const struct sql_form *form, struct dovecot_users *out)
{
	char room[3][SQL_QUERY_MAX];
	struct buf password = BUF(room[0]), user = BUF(room[1]), both = BUF(room[2]);
	struct span scheme = dovecot_value(
		db->scheme, d->style == TEMPLATE_DOVECOT_24 ? "PLAIN" : "MD5");

	if (!turn(d, form, db->password, &password) || !turn(d, form, db->user, &user))
		return;
	if (dovecot_is_crypt(scheme))
		scheme = SPAN("");
	if (!sql_join(buf_span(&password), buf_span(&user), scheme, &both)) {
		result_about(
			d->r, RESULT_NONE, db->password,
			"The columns of the queries are not named, so that they cannot "
			"become one query: write query-find by hand.");
		return;
	}
	const struct sql_columns columns = sql_columns_of(buf_span(&both));
	out->have_homes |= sql_has_column(&columns, "home") ||
			   sql_has_column(&columns, "userdb_home");
	result_text(d->r, database, "query-find", buf_span(&both),
		    result_origin(d->r, db->password));
}

bool dovecot_convert_sql(struct dovecot *d, unsigned passdb, unsigned userdb,
			 struct dovecot_users *out)
{
	const struct source_item self = dovecot_section_item(d, passdb);
	struct database db = { 0 };

	if (d->style == TEMPLATE_DOVECOT_24)
		find_24(d, passdb, userdb, &db);
	else if (!find_23(d, passdb, userdb, &db))
		return false;
	const bool sqlite = span_is(dovecot_value(db.driver, ""), "sqlite");
	const struct sql_form form = { sqlite ? SQL_SQLITE : SQL_POSTGRESQL, d->style,
				       d->folded };
	if (!sqlite && !span_is(dovecot_value(db.driver, ""), "pgsql")) {
		result_about(d->r, RESULT_NONE, db.driver ? db.driver : &self,
			     "Poplar asks PostgreSQL and SQLite, and no other SQL "
			     "server: keep "
			     "the users in one of them, or let a program with the "
			     "interface of "
			     "checkpassword ask the server.");
		return true;
	}
	if (!db.password) {
		result_about(
			d->r, RESULT_NONE, &self,
			"There is no query for the password, so there is no database.");
		return true;
	}
	const int number = result_add_database(d->r, "sql",
					       sqlite ? "sqlite" : "postgresql",
					       result_origin(d->r, &self));
	if (sqlite)
		convert_path(d, number, db.connect);
	else
		convert_connection(d, number, &db);
	convert_query(d, number, &db, &form, out);
	return true;
}
