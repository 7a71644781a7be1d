/* convert/dovecotauth.c - Dovecot's databases of passwords and users.
 *
 * Prefix: dovecot_.
 */
#include "convert/dovecotauth.h"

#include "convert/dovecotldap.h"
#include "convert/dovecotpasswd.h"
#include "convert/dovecotsql.h"
#include "convert/value.h"

/* ---- userdbs ---- */

/* One value for all users: the first that counts stays. */
static void take(struct span name, const struct source_item *item, struct span value,
		 struct dovecot_users *out)
{
	const struct {
		const char *name;
		const struct source_item **item;
		struct span *value;
	} fields[] = {
		{ "home", &out->home, &out->home_value },
		{ "mail", &out->mail, &out->mail_value },
		{ "uid", &out->uid, &out->uid_value },
		{ "quota_rule", &out->quota, &out->quota_value },
		{ "quota_storage_size", &out->quota, &out->quota_value },
	};

	if (span_starts(name, "userdb_"))
		name = span_after(name, strlen("userdb_"));
	for (unsigned i = 0; i < sizeof fields / sizeof *fields; i++) {
		if (span_is(name, fields[i].name) && !*fields[i].item) {
			*fields[i].item = item;
			*fields[i].value = value;
		}
	}
}

/* "uid=5000 gid=5000 home=/srv/mail/%d/%n" */
static void take_words(const struct source_item *item, struct dovecot_users *out)
{
	struct span rest = dovecot_value(item, ""), word, name;

	while (value_word(&rest, &word))
		if (span_cut(&word, '=', &name))
			take(name, item, word, out);
}

/* The fields of "fields { uid = 5000 }" (2.4); "home:default" is the home of users who
 * have none. */
static void take_fields(struct dovecot *d, unsigned section, struct dovecot_users *out)
{
	const unsigned fields = dovecot_section(d, section, "fields", NULL, 0);

	for (unsigned i = 0; i < d->s->count && fields; i++) {
		struct source_item *item = &d->s->items[i];
		struct span name, rest = item->name;

		if (item->section != fields)
			continue;
		span_cut(&rest, ':', &name);
		item->used = true;
		take(name, item, item->value, out);
	}
}

static struct span driver_of(struct dovecot *d, unsigned section)
{
	const struct source_item *item = dovecot_get_in(d, section, "driver");

	return item ? item->value : d->s->sections[section].title;
}

/* The values that a userdb has for all its users. */
static void convert_userdb(struct dovecot *d, unsigned section,
			   struct dovecot_users *out)
{
	if (span_is(driver_of(d, section), "static"))
		take_words(dovecot_get_in(d, section, "args"), out);
	take_words(dovecot_get_in(d, section, "override_fields"), out);
	take_words(dovecot_get_in(d, section, "default_fields"), out);
	take_fields(d, section, out);
}

/* The first userdb of this driver; 0: none. */
static unsigned userdb_of(struct dovecot *d, const char *driver)
{
	unsigned at = 0;

	while ((at = dovecot_section(d, 0, "userdb", NULL, at)))
		if (span_is(driver_of(d, at), driver))
			return at;
	return 0;
}

/* ---- passdbs ---- */

static bool convert_pam(struct dovecot *d, unsigned section, struct dovecot_users *out)
{
	const struct source_item self = dovecot_section_item(d, section);
	const struct source_item *args = dovecot_get_in(d, section, "args");
	struct span service = SPAN("dovecot"), rest = dovecot_value(args, ""), word;

	if (!args)
		args = dovecot_get_in(d, section, "service_name");
	rest = dovecot_value(args, "");
	while (value_word(&rest, &word)) {
		if (span_is(word, "%s") || span_is(word, "%{protocol}") ||
		    span_is(word, "*"))
			service = SPAN("pop3");
		else if (!memchr(word.at, '=', word.len))
			service = word;
	}
	const int db =
		result_add_database(d->r, "pam", "pam", result_origin(d->r, &self));
	result_text(d->r, db, "service", service,
		    dovecot_origin(d, args, "PAM service dovecot"));
	if (userdb_of(d, "passwd")) {
		out->have_homes = true;
		if (out->root.len == 0)
			out->root = SPAN("/home");
	}
	return true;
}

static bool convert_system(struct dovecot *d, unsigned section,
			   struct dovecot_users *out)
{
	const struct source_item self = dovecot_section_item(d, section);
	const int db = result_add_database(d->r, "system", "system",
					   result_origin(d->r, &self));

	result_text(d->r, db, "run-as-group", SPAN("shadow"),
		    result_origin(d->r, &self));
	out->have_homes = true;
	if (out->root.len == 0)
		out->root = SPAN("/home");
	return true;
}

static bool convert_checkpassword(struct dovecot *d, unsigned section,
				  struct dovecot_users *out)
{
	const struct source_item *args = dovecot_get_in(d, section, "args");
	struct span rest, word;

	if (!args)
		args = dovecot_get_in(d, section, "path");
	rest = dovecot_value(args, "");
	if (rest.len == 0)
		return true;
	const int db = result_add_database(d->r, "checkpassword", "checkpassword",
					   result_origin(d->r, args));
	while (value_word(&rest, &word))
		result_list(d->r, db, "program", word, result_origin(d->r, args));
	out->have_homes = true;
	return true;
}

static bool convert_sql(struct dovecot *d, unsigned section, struct dovecot_users *out)
{
	const unsigned userdb = userdb_of(d, "sql");

	return dovecot_convert_sql(d, section, userdb, out);
}

static bool convert_ldap(struct dovecot *d, unsigned section, struct dovecot_users *out)
{
	return dovecot_convert_ldap(d, section, userdb_of(d, "ldap"), out);
}

static bool convert_passwd(struct dovecot *d, unsigned section,
			   struct dovecot_users *out)
{
	return dovecot_convert_passwd(d, section, userdb_of(d, "passwd-file"), out);
}

static const struct {
	const char *driver;
	bool (*convert)(struct dovecot *d, unsigned section, struct dovecot_users *out);
	const char *text; /* why there is no counterpart */
} drivers[] = {
	{ "passwd-file", convert_passwd, NULL },
	{ "pam", convert_pam, NULL },
	{ "sql", convert_sql, NULL },
	{ "ldap", convert_ldap, NULL },
	{ "passwd", convert_system, NULL },
	{ "shadow", convert_system, NULL },
	{ "checkpassword", convert_checkpassword, NULL },
	{ "static", NULL,
	  "Poplar has no password, and no proxy, that is the same for all users." },
	{ "oauth2", NULL,
	  "Write a database with the driver introspection or jwt: see TOKENS in "
	  "poplar.conf(5)." },
	{ "dict", NULL, "Poplar cannot ask dictionaries." },
	{ "imap", NULL, "Poplar cannot ask an IMAP server for passwords." },
	{ "lua", NULL, "Poplar runs no Lua scripts." },
	{ "bsdauth", NULL, "Poplar does not know BSD's authentication." },
	{ "vpopmail", NULL, "Poplar does not know vpopmail." },
};
enum { DRIVERS = sizeof drivers / sizeof *drivers };

/* Passdbs that do not say who the user is, but whom to refuse, or who may be another.
 * True: this is one of them. */
static bool is_special(struct dovecot *d, unsigned section)
{
	const struct source_item *deny = dovecot_get_in(d, section, "deny");
	const struct source_item *master = dovecot_get_in(d, section, "master");
	const bool denies = dovecot_bool(d, deny, false);

	if (denies)
		result_about(d->r, RESULT_NONE, deny,
			     "Poplar has no database of users to refuse: give these "
			     "users the "
			     "field nologin, or else they can log in.");
	if (!denies && dovecot_bool(d, master, false))
		result_about(
			d->r, RESULT_NONE, master,
			"In Poplar, a master user is a user with the field master: add "
			"these users with this field.");
	if (!denies && !dovecot_bool(d, master, false))
		return false;
	dovecot_get_in(d, section, "args");
	dovecot_get_in(d, section, "path");
	return true;
}

/* Whether the next database is asked. Dovecot asks it unless a passdb says otherwise.
 */
static void convert_results(struct dovecot *d, unsigned section, unsigned before)
{
	const struct source_item *item = dovecot_get_in(d, section, "result_failure");

	if (d->r->database_count == before || !item)
		return;
	const int db = (int)before;
	if (span_is(item->value, "return-fail") || span_is(item->value, "return")) {
		result_word(d->r, db, "if-unknown", SPAN("fail"),
			    result_origin(d->r, item));
		result_word(d->r, db, "if-wrong", SPAN("fail"),
			    result_origin(d->r, item));
	} else if (!span_is(item->value, "continue")) {
		result_about(
			d->r, RESULT_NONE, item,
			"Poplar asks the next database, or does not: see if-wrong and "
			"if-unknown.");
	}
}

static bool convert_passdb(struct dovecot *d, unsigned section,
			   struct dovecot_users *out)
{
	const struct source_item self = dovecot_section_item(d, section);
	const struct span driver = driver_of(d, section);
	const unsigned before = d->r->database_count;

	if (is_special(d, section))
		return true;
	for (unsigned i = 0; i < DRIVERS; i++) {
		if (!span_is(driver, drivers[i].driver))
			continue;
		if (!drivers[i].convert) {
			result_about(d->r, RESULT_NONE, &self, drivers[i].text);
			dovecot_get_in(d, section, "args");
			return true;
		}
		const bool ok = drivers[i].convert(d, section, out);
		convert_results(d, section, before);
		return ok;
	}
	result_about(d->r, RESULT_NONE, &self, "Poplar does not know this driver.");
	return true;
}

bool dovecot_convert_databases(struct dovecot *d, struct dovecot_users *out)
{
	unsigned at = 0;

	*out = (struct dovecot_users){ 0 };
	while ((at = dovecot_section(d, 0, "userdb", NULL, at)))
		convert_userdb(d, at, out);
	while ((at = dovecot_section(d, 0, "passdb", NULL, at)))
		if (!convert_passdb(d, at, out))
			return false;
	return true;
}
