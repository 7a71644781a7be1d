/* config/databases.h - databases of users and tokens, and the table of their settings.
 *
 * Prefix: database_, databases_.
 *
 * In the file, each database has a section with its name:
 *
 *	database "people" { driver = sqlite path = "/srv/people.db" ... }
 *
 * poplar-auth asks the databases in the order of their sections. The table has one row
 * per setting, as in config/settings.h, with two more columns: the drivers that have
 * the setting, and the drivers that need it.
 */
#pragma once

#include "base/claimrules.h"
#include "config/row.h"
#include "sys/sandbox.h"

/* clang-format off */
/* Name, whether this build has the driver, and what the driver asks. */
#define DATABASE_DRIVER_TABLE(X) \
	X(PASSWD_FILE,   "passwd-file",   true,               "a file like that of the setting users") \
	X(SQLITE,        "sqlite",        POPLAR_WITH_SQLITE, "a file of SQLite") \
	X(PAM,           "pam",           POPLAR_WITH_PAM,    "pluggable authentication modules") \
	X(POSTGRESQL,    "postgresql",    POPLAR_WITH_POSTGRESQL, "a PostgreSQL server") \
	X(LDAP,          "ldap",          POPLAR_WITH_LDAP,   "an LDAP server") \
	X(SYSTEM,        "system",        true,               "the system's users and their shadow passwords") \
	X(CHECKPASSWORD, "checkpassword", true,               "a program with the interface of checkpassword") \
	X(JWT,           "jwt",           POPLAR_WITH_JWT,    "no users, but bearer tokens that are JWTs, by the keys of their issuer") \
	X(INTROSPECTION, "introspection", POPLAR_WITH_INTROSPECTION, "no users, but bearer tokens of any form, by asking the server that issues them (RFC 7662)")

#define DATABASE_TABLE(X) \
X(driver, CHOICE, 0, 0, "passwd-file", AUTH | LOOKUP, EVERY, NO_ONE, \
  "The kind of database.") \
X(if_unknown, CHOICE, 0, 1, "continue", AUTH, EVERY, NO_ONE, \
  "Whether the next database is asked when this one does not know the user.") \
X(if_wrong, CHOICE, 0, 1, "continue", AUTH, EVERY, NO_ONE, \
  "Whether the next database is asked when the password differs from that in this one.") \
X(timeout, MILLIS, 100, 60000, "5s", AUTH | LOOKUP, ASKED, NO_ONE, \
  "How long an answer may take. If it takes longer, the client gets [SYS/TEMP], which asks it to try again " \
  "later, and the process that was asked is replaced.") \
X(cache, CHOICE, 0, 2, "stored", AUTH, REMEMBERED, NO_ONE, \
  "Which answers are remembered: those of a database that tells the stored password; also those of a database " \
  "that judges passwords itself; or none. A password that is valid only once must not be remembered.") \
X(cache_success, TIME, 0, 3600, "60s", AUTH, REMEMBERED, NO_ONE, \
  "How long a right password is remembered, with the user's other fields.") \
X(cache_failure, TIME, 0, 3600, "10s", AUTH, REMEMBERED, NO_ONE, \
  "How long a wrong password, or an unknown user, is remembered.") \
X(processes, COUNT, 1, 64, "2", AUTH, ASKED, NO_ONE, \
  "The number of processes that ask this database, each one question at a time.") \
X(run_as, TEXT, 0, 64, "", PARENT, ASKED, NO_ONE, \
  "As root: the user that these processes run as. Empty: auth-user. Only processes of pam and system may run " \
  "as root, and they should do so only if they must.") \
X(run_as_group, TEXT, 0, 64, "", PARENT, ASKED, NO_ONE, \
  "As root: the group that these processes run as, such as shadow. Empty: the group of the user.") \
X(path, TEXT, 0, 4095, "", PARENT | AUTH | LOOKUP, PASSWD_FILE | SQLITE | JWT, SQLITE | JWT, \
  "The file. A file of passwd-file or jwt must be in the folder of the setting users; with passwd-file, " \
  "empty means the file of that setting. The process can read the whole folder of a sqlite file. A file of " \
  "jwt holds the public keys of the issuer, as a JSON Web Key Set (JWKS) or in PEM form, and is read again " \
  "when it changes.") \
X(query_find, TEXT, 0, 4096, "", LOOKUP, SQLITE | POSTGRESQL, SQLITE | POSTGRESQL, \
  "The query that finds a user. %u stands for the name, which is passed as the parameter of a prepared " \
  "statement, never as text. The names of its columns are fields of the user; password is the stored " \
  "password with its scheme.") \
X(connection, TEXT, 0, 1024, "", LOOKUP, POSTGRESQL, POSTGRESQL, \
  "How to reach the server: a connection string of libpq, such as \"host=db.example.org dbname=mail " \
  "user=poplar sslmode=verify-full\".") \
X(password_file, TEXT, 0, 4095, "", PARENT, POSTGRESQL | LDAP | INTROSPECTION, NO_ONE, \
  "A file whose first line is the password of the database's own user, or the secret that belongs to " \
  "client-id. poplard opens it.") \
X(uri, TEXT, 0, 1024, "", LOOKUP, LDAP | INTROSPECTION, LDAP | INTROSPECTION, \
  "The server. Of LDAP: ldap://, ldaps:// or ldapi://; several with spaces between them are tried in turn. " \
  "Of introspection: https://, or http:// to a loopback address of this machine.") \
X(base, TEXT, 0, 1024, "", LOOKUP, LDAP, NO_ONE, \
  "The entry below which users are searched. Empty: bind-template says where they are.") \
X(filter, TEXT, 1, 1024, "(uid=%u)", LOOKUP, LDAP, NO_ONE, \
  "The filter that finds the user's entry. %u is the name, always escaped. If it finds more than one entry, " \
  "the user is refused.") \
X(bind_dn, TEXT, 0, 1024, "", LOOKUP, LDAP, NO_ONE, \
  "The entry as which the search binds. Empty: the search is anonymous.") \
X(bind_template, TEXT, 0, 1024, "", LOOKUP, LDAP, NO_ONE, \
  "The name of the user's entry, such as \"uid=%u,ou=people,dc=example,dc=org\": then there is no search, " \
  "and the user's own bind reads the attributes. %u is always escaped.") \
X(passwords, CHOICE, 0, 1, "bind", LOOKUP | AUTH, LDAP, NO_ONE, \
  "How the password is judged: by a bind as the user, or by the attribute that is mapped to password.") \
X(attributes, LIST, 0, 16, "", LOOKUP, LDAP, NO_ONE, \
  "Attributes that are fields of the user, each as \"field=attribute\", such as \"home=homeDirectory\".") \
X(start_tls, BOOL, 0, 0, "no", LOOKUP, LDAP, NO_ONE, \
  "Whether an ldap:// connection must begin with TLS.") \
X(ca_file, TEXT, 0, 4095, "", LOOKUP, LDAP | INTROSPECTION, NO_ONE, \
  "Certificates of the authorities that may sign the server's certificate. Empty: those of the system.") \
X(service, TEXT, 1, 64, "poplar", LOOKUP, PAM, NO_ONE, \
  "The name of the PAM service, which is that of its file.") \
X(service_dir, TEXT, 0, 4095, "", LOOKUP, PAM, NO_ONE, \
  "The folder of PAM services. Empty: the system's, which is /etc/pam.d.") \
X(program, LIST, 0, 32, "", LOOKUP, CHECKPASSWORD, CHECKPASSWORD, \
  "The program, with its path, and its arguments. It is run without a shell.") \
X(client_id, TEXT, 0, 255, "", LOOKUP, INTROSPECTION, NO_ONE, \
  "The name with which Poplar authenticates by HTTP Basic, with the secret in password-file. Empty: it does " \
  "not authenticate.") \
X(issuer, TEXT, 0, 511, "", AUTH | LOOKUP, TOKENS, JWT, \
  "The issuer that a token must have. Empty: any.") \
X(audience, LIST, 0, 8, "", AUTH | LOOKUP, TOKENS, NO_ONE, \
  "The audiences, one of which a token must have. Empty: any.") \
X(scope, TEXT, 0, 255, "", AUTH | LOOKUP, TOKENS, NO_ONE, \
  "A token must have all of these scopes, which are separated by spaces. A client whose token is refused " \
  "learns them.") \
X(user_claim, TEXT, 1, 64, "sub", AUTH | LOOKUP, TOKENS, NO_ONE, \
  "The claim of a token, or of the answer about it, that is the name of the user.") \
X(leeway, TIME, 0, 300, "30s", AUTH | LOOKUP, TOKENS, NO_ONE, \
  "How far the clocks of the issuer and of this machine may differ.") \
X(algorithms, LIST, 0, 13, "", AUTH, JWT, NO_ONE, \
  "The signature algorithms that a token may have. Empty: RS256, RS384, RS512, PS256, PS384, PS512, ES256, " \
  "ES384, ES512 and EdDSA (Ed25519). HS256, HS384 and HS512 must be named, and use keys of type oct only.") \
X(openid_configuration, TEXT, 0, 511, "", AUTH, TOKENS, NO_ONE, \
  "A URL for OAUTHBEARER clients whose token is refused, where they learn how to get one (OpenID Connect " \
  "Discovery).")

/* The words of each CHOICE, in the order of their numbers. */
#define DATABASE_CHOICES_if_unknown "continue", "fail"
#define DATABASE_CHOICES_if_wrong   "continue", "fail"
#define DATABASE_CHOICES_cache      "stored", "all", "none"
#define DATABASE_CHOICES_passwords  "bind", "stored"
/* clang-format on */

enum database_driver_id {
#define X(id, name, built, text) DRIVER_##id,
	DATABASE_DRIVER_TABLE(X)
#undef X
		DRIVER_COUNT
};

enum { IF_CONTINUE, IF_FAIL };
enum { CACHE_STORED, CACHE_ALL, CACHE_NONE };
enum { PASSWORDS_BIND, PASSWORDS_STORED };

/* The values of one database. Texts are never NULL. */
struct database_settings {
	char *name; /* the title of the section */
#define X(name, type, least, most, standard, roles, drivers, must, text)               \
	SETTING_C_##type name;
	DATABASE_TABLE(X)
#undef X
};

enum { DATABASES_MAX = 8, DATABASE_NAME_MAX = 64 };

/* All databases, in the order in which they are asked. */
struct databases {
	unsigned count;
	struct database_settings at[DATABASES_MAX];
};

struct rows database_rows(void);
const char *database_driver_name(enum database_driver_id driver);
const char *database_driver_text(enum database_driver_id driver);
bool database_driver_is_built(enum database_driver_id driver);

/* Do lookup processes ask this database? */
bool database_is_asked(const struct database_settings *db);

/* Is this a database of tokens, not of users? */
bool database_has_tokens(const struct database_settings *db);

/* The rules for the claims of the database's tokens. They borrow the texts of the
 * settings. */
struct claims_rules database_claims_rules(const struct database_settings *db);

/* Do its lookup processes connect to a server? */
bool database_is_remote(const struct database_settings *db);

/* The sandbox of the processes that ask this database; only if database_is_asked. */
enum sandbox database_sandbox(const struct database_settings *db);

/* Does the database judge passwords itself? Otherwise it tells the stored password. */
bool database_judges(const struct database_settings *db);

/* Does the database find a user only together with the user's password? Then it cannot
 * be asked for the recipients of mail. */
bool database_needs_passwords(const struct database_settings *db);

/* May the processes that ask this database run as root? */
bool database_may_be_root(const struct database_settings *db);

/* Does the database's driver have this setting? Does the driver need a value for it? */
bool database_has(const struct database_settings *db, const struct row *row);
bool database_needs(const struct database_settings *db, const struct row *row);

/* Add a database of this name, which is copied, with default values. NULL: out of
 * memory, databases->count is DATABASES_MAX, or the name is too long. */
MUST_USE struct database_settings *databases_add(struct databases *databases,
						 struct span name);
void databases_done(struct databases *databases);
