/* config/databases.c - databases of users and tokens, and the table of their settings.
 *
 * Prefix: database_, databases_.
 */
#include "config/databases.h"

#include <stdlib.h>

/* In the tables, names of roles and drivers stand for sets of them. */
enum {
	PARENT = ROLE_BIT_PARENT,
	AUTH = ROLE_BIT_AUTH,
	LOOKUP = ROLE_BIT_LOOKUP,
};
enum {
	NO_ONE = 0,
#define X(id, name, built, text) id = 1u << DRIVER_##id,
	DATABASE_DRIVER_TABLE(X)
#undef X
		EVERY = (1u << DRIVER_COUNT) - 1,
	ASKED = EVERY & ~(PASSWD_FILE | JWT),
	TOKENS = JWT | INTROSPECTION,
	REMEMBERED = ASKED & ~TOKENS, /* a token expires, and may be revoked */
};

static const struct {
	const char *name;
	bool built;
	const char *text;
} drivers[DRIVER_COUNT] = {
#define X(id, name, built, text) [DRIVER_##id] = { name, built, text },
	DATABASE_DRIVER_TABLE(X)
#undef X
};

#define NAME_ONLY(id, name, built, text) name,
#define DATABASE_CHOICES_driver          DATABASE_DRIVER_TABLE(NAME_ONLY)

static const struct row table[] = {
#define X(c_name, c_type, low, high, value, for_roles, for_drivers, needed_by, words)  \
	{ .name = #c_name,                                                             \
	  .type = SETTING_##c_type,                                                    \
	  .least = low,                                                                \
	  .most = high,                                                                \
	  .standard = value,                                                           \
	  .roles = for_roles,                                                          \
	  .drivers = for_drivers,                                                      \
	  .must = needed_by,                                                           \
	  .help = words,                                                               \
	  .at = offsetof(struct database_settings, c_name),                            \
	  ROW_WORDS_##c_type(DATABASE_CHOICES_##c_name) },
	DATABASE_TABLE(X)
#undef X
};

static const struct rows rows = { table, sizeof table / sizeof *table };

struct rows database_rows(void)
{
	return rows;
}

const char *database_driver_name(enum database_driver_id driver)
{
	return drivers[driver].name;
}

const char *database_driver_text(enum database_driver_id driver)
{
	return drivers[driver].text;
}

bool database_driver_is_built(enum database_driver_id driver)
{
	return drivers[driver].built;
}

bool database_is_asked(const struct database_settings *db)
{
	return (unsigned)ASKED >> db->driver & 1;
}

bool database_has_tokens(const struct database_settings *db)
{
	return (unsigned)TOKENS >> db->driver & 1;
}

struct claims_rules database_claims_rules(const struct database_settings *db)
{
	return (struct claims_rules){
		.issuer = db->issuer,
		.audience = { db->audience.at, db->audience.count },
		.scope = db->scope,
		.user_claim = db->user_claim,
		.leeway_s = db->leeway,
	};
}

bool database_is_remote(const struct database_settings *db)
{
	return (unsigned)(POSTGRESQL | LDAP | INTROSPECTION) >> db->driver & 1;
}

enum sandbox database_sandbox(const struct database_settings *db)
{
	if (db->driver == DRIVER_SQLITE)
		return SANDBOX_LOOKUP_FILE;
	return database_is_remote(db) ? SANDBOX_LOOKUP_NET : SANDBOX_LOOKUP_CODE;
}

bool database_judges(const struct database_settings *db)
{
	return (unsigned)(PAM | SYSTEM | CHECKPASSWORD | INTROSPECTION) >> db->driver &
		       1 ||
	       (db->driver == DRIVER_LDAP && db->passwords == PASSWORDS_BIND);
}

bool database_needs_passwords(const struct database_settings *db)
{
	return db->driver == DRIVER_CHECKPASSWORD ||
	       (db->driver == DRIVER_LDAP && *db->bind_template);
}

bool database_may_be_root(const struct database_settings *db)
{
	return (unsigned)(PAM | SYSTEM) >> db->driver & 1;
}

bool database_has(const struct database_settings *db, const struct row *row)
{
	return row->drivers >> db->driver & 1;
}

bool database_needs(const struct database_settings *db, const struct row *row)
{
	return row->must >> db->driver & 1;
}

static void done(struct database_settings *db)
{
	rows_done(rows, db);
	free(db->name);
	*db = (struct database_settings){ 0 };
}

struct database_settings *databases_add(struct databases *databases, struct span name)
{
	struct database_settings *db = &databases->at[databases->count];

	if (databases->count == DATABASES_MAX || name.len > DATABASE_NAME_MAX ||
	    !rows_begin(rows, db, &db->name, name))
		return NULL;
	databases->count++;
	return db;
}

void databases_done(struct databases *databases)
{
	for (unsigned i = 0; i < databases->count; i++)
		done(&databases->at[i]);
	databases->count = 0;
}
