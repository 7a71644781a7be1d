/* convert/dovecotldap.c - Dovecot's databases in LDAP.
 *
 * Prefix: dovecot_.
 */
#include "convert/dovecotldap.h"

#include "convert/value.h"

/* Where the settings are: 2.3 has them in a file of its own, 2.4 among all others and
 * in the sections. */
struct database {
	bool is_24;
	int number;
	unsigned passdb, userdb; /* 2.4 */
	unsigned section, users; /* 2.3: of the files; users: 0 without userdb */
	struct dovecot_users *out;
};

/* A setting by its name in 2.3's file and in 2.4 (in the passdb, or outside). */
static const struct source_item *get(struct dovecot *d, const struct database *db,
				     const char *name_23, const char *name_24)
{
	const struct source_item *item = NULL;

	if (!db->is_24)
		return dovecot_get_in(d, db->section, name_23);
	if (!name_24)
		return NULL;
	if (!span_starts(span_of(name_24), "ldap_"))
		item = dovecot_get_in(d, db->passdb, name_24);
	return item ? item : dovecot_get(d, name_24, NULL);
}

static void set(struct dovecot *d, const struct database *db, const char *setting,
		const struct source_item *item)
{
	if (item && item->value.len > 0)
		result_text(d->r, db->number, setting, item->value,
			    result_origin(d->r, item));
}

/* ---- the server ---- */

/* "hosts = a b:390" */
static void set_hosts(struct dovecot *d, const struct database *db,
		      const struct source_item *item)
{
	char room[1024];
	struct buf b = BUF(room);
	struct span rest = item->value, host;

	while (value_word(&rest, &host)) {
		buf_text(&b, b.len > 0 ? " ldap://" : "ldap://");
		buf_put(&b, host);
	}
	result_text(d->r, db->number, "uri", buf_span(&b), result_origin(d->r, item));
}

static void convert_server(struct dovecot *d, const struct database *db)
{
	const struct source_item *hosts = get(d, db, "hosts", NULL);
	const struct source_item *tls = get(d, db, "tls", "ldap_starttls");
	const struct source_item *secret =
		get(d, db, "dnpass", "ldap_auth_dn_password");

	if (hosts)
		set_hosts(d, db, hosts);
	set(d, db, "uri", get(d, db, "uris", "ldap_uris"));
	set(d, db, "base", get(d, db, "base", "ldap_base"));
	set(d, db, "bind-dn", get(d, db, "dn", "ldap_auth_dn"));
	set(d, db, "ca-file", get(d, db, "tls_ca_cert_file", "ssl_client_ca_file"));
	if (secret && secret->value.len > 0)
		result_secret(d->r, db->number, secret->value);
	if (dovecot_bool(d, tls, false))
		result_word(d->r, db->number, "start-tls", SPAN("yes"),
			    result_origin(d->r, tls));
}

/* ---- filters ---- */

static void convert_filter(struct dovecot *d, const struct database *db,
			   const struct source_item *item, const char *setting)
{
	char room[1024];
	struct buf b = BUF(room);
	struct template t;

	if (!item || item->value.len == 0 ||
	    !dovecot_template(d, item, item->value, &t))
		return;
	if (template_filter(&t, d->folded, &b))
		result_text(d->r, db->number, setting, buf_span(&b),
			    result_origin(d->r, item));
	else
		result_about(
			d->r, RESULT_NONE, item,
			"Poplar puts only the whole user name into filters and names "
			"of entries, as %u.");
}

/* ---- attributes ---- */

static const char *const fields[] = {
	"user", "password", "home",       "uid",        "gid",
	"mail", "nologin",  "quota_rule", "allow_nets", "quota_storage_size",
};

static bool is_field(struct span name)
{
	for (unsigned i = 0; i < sizeof fields / sizeof *fields; i++)
		if (span_is(name, fields[i]))
			return true;
	return false;
}

/* "%{ldap:homeDirectory}" is all of `text`: the attribute. Empty: it is not. */
static struct span only_attribute(struct span text)
{
	struct span rest = text, name;

	if (!span_starts(text, "%{ldap:"))
		return SPAN("");
	rest = span_after(rest, strlen("%{ldap:"));
	return span_cut(&rest, '}', &name) && rest.len == 0 ? value_trim(name)
							    : SPAN("");
}

static void map(struct dovecot *d, const struct database *db,
		const struct source_item *item, struct span field,
		struct span attribute)
{
	char room[256];
	struct buf b = BUF(room);

	if (span_starts(field, "userdb_"))
		field = span_after(field, strlen("userdb_"));
	if (!is_field(field) || attribute.len == 0) {
		result_say(d->r, RESULT_NONE, item, "Poplar does not take the field ",
			   field, " from this entry.");
		return;
	}
	buf_put(&b, field);
	buf_char(&b, '=');
	buf_put(&b, attribute);
	db->out->have_homes |= span_is(field, "home");
	result_list(d->r, db->number, "attributes", buf_span(&b),
		    result_origin(d->r, item));
}

/* A field whose value is a text: the same for all users if it has no attribute. */
static void map_text(struct dovecot *d, const struct database *db,
		     const struct source_item *item, struct span field,
		     struct span text)
{
	const struct span attribute = only_attribute(text);

	if (attribute.len > 0)
		map(d, db, item, field, attribute);
	else if (span_is(field, "home") && !db->out->home) {
		db->out->home = item;
		db->out->home_value = text;
	} else if (span_is(field, "uid") && !db->out->uid) {
		db->out->uid = item;
		db->out->uid_value = text;
	} else {
		map(d, db, item, field, SPAN(""));
	}
}

/* "uid=user, userPassword=password, =home=/srv/%{ldap:uid}" */
static void convert_attributes(struct dovecot *d, const struct database *db,
			       const struct source_item *item, bool passwords)
{
	struct span rest = dovecot_value(item, ""), one, attribute;

	while (rest.len > 0) {
		span_cut(&rest, ',', &one);
		one = value_trim(one);
		if (!span_cut(&one, '=', &attribute)) {
			if (attribute.len > 0)
				map(d, db, item, attribute, attribute);
			continue;
		}
		if (attribute.len == 0) {
			span_cut(&one, '=', &attribute);
			map_text(d, db, item, value_trim(attribute), value_trim(one));
		} else if (!span_is(one, "password") || passwords) {
			map(d, db, item, value_trim(one), value_trim(attribute));
		}
	}
}

/* "fields { home = %{ldap:homeDirectory} }" */
static void convert_fields(struct dovecot *d, const struct database *db,
			   unsigned section, bool passwords)
{
	const unsigned at = section ? dovecot_section(d, section, "fields", NULL, 0)
				    : 0;

	for (unsigned i = 0; i < d->s->count && at; i++) {
		struct source_item *item = &d->s->items[i];

		if (item->section != at)
			continue;
		item->used = true;
		if (!span_is(item->name, "password") || passwords)
			map_text(d, db, item, item->name, item->value);
	}
}

static void convert_users(struct dovecot *d, const struct database *db, bool passwords)
{
	const struct source_item *pass = get(d, db, "pass_attrs", NULL);
	const struct source_item *scheme =
		get(d, db, "default_pass_scheme", "default_password_scheme");

	if (db->is_24) {
		convert_fields(d, db, db->passdb, passwords);
		convert_fields(d, db, db->userdb, passwords);
	} else {
		convert_attributes(d, db, pass, passwords);
		if (db->users)
			convert_attributes(d, db,
					   dovecot_get_in(d, db->users, "user_attrs"),
					   passwords);
	}
	if (passwords && !pass && !db->is_24)
		result_list(d->r, db->number, "attributes",
			    SPAN("password=userPassword"),
			    dovecot_origin(d, NULL, "pass_attrs"));
	if (passwords && scheme && !span_is_nocase(scheme->value, "CRYPT"))
		result_about(
			d->r, RESULT_NONE, scheme,
			"In Poplar, a password without a scheme is a CRYPT hash: the "
			"entries need passwords with their schemes.");
}

/* Poplar searches with one filter for both. */
static void compare_filters(struct dovecot *d, const struct database *db,
			    const struct source_item *filter)
{
	const struct source_item *other = NULL;

	if (db->is_24 && db->userdb)
		other = dovecot_get_in(d, db->userdb, "filter");
	else if (db->users)
		other = dovecot_get_in(d, db->users, "user_filter");
	if (filter && other &&
	    (filter->value.len != other->value.len ||
	     memcmp(filter->value.at, other->value.at, filter->value.len) != 0))
		result_about(d->r, RESULT_DIFFERS, other,
			     "Poplar searches once, with the filter of the passdb.");
}

static bool find_files(struct dovecot *d, struct database *db)
{
	const struct source_item *args = dovecot_get_in(d, db->passdb, "args");
	const struct source_item *more =
		db->userdb ? dovecot_get_in(d, db->userdb, "args") : NULL;

	if (!args)
		return source_fail(d->s, d->s->sections[db->passdb].place,
				   "passdb ldap has no args", SPAN(""));
	db->section = dovecot_read_file(d, args);
	db->users = more ? dovecot_read_file(d, more) : 0;
	return db->section != 0 && (!more || db->users != 0);
}

bool dovecot_convert_ldap(struct dovecot *d, unsigned passdb, unsigned userdb,
			  struct dovecot_users *out)
{
	const struct source_item self = dovecot_section_item(d, passdb);
	struct database db = { .is_24 = d->style == TEMPLATE_DOVECOT_24,
			       .passdb = passdb,
			       .userdb = userdb,
			       .out = out };

	if (!db.is_24 && !find_files(d, &db))
		return false;
	db.number =
		result_add_database(d->r, "ldap", "ldap", result_origin(d->r, &self));
	const bool binds = dovecot_bool(d, get(d, &db, "auth_bind", "bind"), false);
	const struct source_item *filter = get(d, &db, "pass_filter", "filter");
	const struct source_item *dn = get(d, &db, "auth_bind_userdn", "bind_userdn");
	convert_server(d, &db);
	if (!result_has(d->r, db.number, "uri"))
		result_text(d->r, db.number, "uri", SPAN("ldap://localhost"),
			    dovecot_origin(d, NULL, "uris"));
	result_word(
		d->r, db.number, "passwords", binds ? SPAN("bind") : SPAN("stored"),
		dovecot_origin(d, get(d, &db, "auth_bind", "bind"), "auth_bind = no"));
	if (binds && dn && dn->value.len > 0)
		convert_filter(d, &db, dn, "bind-template");
	else
		convert_filter(d, &db, filter, "filter");
	if (!filter && !result_has(d->r, db.number, "bind-template"))
		result_text(d->r, db.number, "filter",
			    SPAN("(&(objectClass=posixAccount)(uid=%u))"),
			    dovecot_origin(d, NULL, "pass_filter"));
	compare_filters(d, &db, filter);
	convert_users(d, &db, !binds);
	return true;
}
