/* role/cli_check.c - poplar check: what is wrong, without starting anything.
 *
 * Floor 4 (role).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/gssapi.h"
#include "auth/jwt.h"
#include "auth/login.h"
#include "auth/place.h"
#include "auth/users.h"
#include "base/own.h"
#include "base/secret.h"
#include "role/certificates.h"
#include "role/cli.h"
#include "role/statefile.h"
#include "sys/file.h"
#include "sys/sock.h"
#include "tls/tls.h"

enum { USERS_OCTETS_MAX = 1 << 30 };

struct checking {
	struct settings settings;
	const char *file; /* of users or keys, under way */
	struct cli_ids auth, mail;
	bool anonymous; /* anonymous-user is known, or may be */
	unsigned errors;
};

static void wrong(struct checking *c, const struct why *why)
{
	cli_complain(why);
	c->errors++;
}

static void wrong_at(struct checking *c, const char *doing, const char *what, int sys)
{
	struct why why;

	fault_set(&why, FAULT_SETUP, sys, doing, what);
	wrong(c, &why);
}

/* ---- who ---- */

static void check_users_exist(struct checking *c)
{
	struct cli_ids front;

	c->errors += !cli_find_ids(c->settings.front_user, &front);
	c->errors += !cli_find_ids(c->settings.auth_user, &c->auth);
	c->errors += !cli_find_ids(c->settings.mail_user, &c->mail);
}

/* ---- ports ---- */

/* A poplard at work holds the lock on its run directory. Empty: there is none. */
static struct statefile find_running(const struct settings *s)
{
	OWN_FD dir = open(s->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool running = dir >= 0 && flock(dir, LOCK_EX | LOCK_NB) < 0 &&
		       errno == EWOULDBLOCK;
	struct statefile state = { 0 };

	if (running)
		fault_ignore(statefile_read(dir, &state));
	return state;
}

/* What the poplard at work has open, it takes over by name when it reloads; anything
 * else that is in the way, of its own or not, would be in its way too. */
static void check_port(struct checking *c, const char *name, bool tls,
		       const struct statefile *running)
{
	bool ours = statefile_has_port(running, name, tls);
	struct sock_address address[2];
	struct why why = { 0 };
	unsigned count;

	if (ours || !sock_parse(span_of(name), address, &count))
		return; /* said when the file was read */
	for (unsigned i = 0; i < count; i++) {
		OWN_FD fd = -1;

		if (sock_listen(&address[i], &fd, &why) == FAULT_NONE)
			continue;
		bool other_family = count > 1 && (why.sys == EAFNOSUPPORT ||
						  why.sys == EADDRNOTAVAIL);
		if (!other_family)
			wrong(c, &why);
	}
}

static void check_ports(struct checking *c)
{
	const struct settings *s = &c->settings;
	struct statefile running = find_running(s);

	for (unsigned i = 0; i < s->listen.count; i++)
		check_port(c, s->listen.at[i], false, &running);
	for (unsigned i = 0; i < s->listen_tls.count; i++)
		check_port(c, s->listen_tls.at[i], true, &running);
	statefile_done(&running);
}

/* ---- certificates ---- */

static void tell(void *arg, const struct certificate_notice *n)
{
	struct checking *c = arg;

	switch (n->news) {
	case CERTIFICATE_REFUSED:
		wrong(c, n->why);
		break;
	case CERTIFICATE_EXPIRED:
		wrong_at(c, "use a certificate that has expired,", n->path, 0);
		break;
	case CERTIFICATE_EXPIRES:
		fprintf(stderr,
			"poplar: warning: the certificate in %s expires in %d days\n",
			n->path, (int)n->days);
		break;
	case CERTIFICATE_NO_STAPLE:
		fprintf(stderr,
			"poplar: warning: the OCSP response in %s is not stapled: "
			"%s\n",
			n->path, n->why->what);
		break;
	}
}

static void check_certificates(struct checking *c)
{
	struct certificates certificates;
	bool changed;

	if (!tls_start()) {
		wrong_at(c, "start", "OpenSSL", 0);
		return;
	}
	if (!certificates_read(&c->settings, NULL, &certificates, &changed, tell, c))
		return;
	certificates_review(&c->settings, &certificates, tell, c);
	certificates_done(&certificates);
}

/* The login process can read whatever lies in the folder of the users file. */
static void check_key_is_apart(struct checking *c, unsigned i)
{
	const struct settings *s = &c->settings;
	bool own = i < s->tls_key.count && *s->tls_key.at[i];
	const char *key = own ? s->tls_key.at[i] : s->tls_certificate.at[i];
	const char *slash = strrchr(s->users, '/');

	if (strncmp(key, s->users, (size_t)(slash - s->users) + 1) == 0)
		wrong_at(c,
			 "the private key may not lie below the folder of the users "
			 "file:",
			 key, 0);
}

/* ---- users ---- */

/* The parent opens folders as root and hands them on; what lies above them does not
 * matter to the processes that work in them. */
struct folder {
	int dir;
	const char *name, *path;
};

static bool can_read_file(void *arg)
{
	const struct folder *f = arg;
	struct why why = { 0 };
	OWN_FD fd = openat(f->dir, f->name, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		return true;
	fault_set(&why, FAULT_SETUP, errno, "read, as auth-user,", f->path);
	cli_complain(&why);
	return false;
}

static void complain_line(void *arg, unsigned line, const char *text)
{
	struct checking *c = arg;

	fprintf(stderr, "poplar: %s:%u: %s\n", c->file, line, text);
	c->errors++;
}

static void check_user(struct checking *c, const struct user *user)
{
	const char *owner = cli_owner_wrong(&c->settings, user, c->mail);
	char path[PLACE_PATH_MAX];
	struct why why = { 0 };

	if (owner) {
		fprintf(stderr, "poplar: user %.*s: %s\n", (int)user->name.len,
			user->name.at, owner);
		c->errors++;
	}
	if (place_maildrop(user, c->settings.mail_root, c->settings.maildir, path,
			   &why)) {
		fprintf(stderr, "poplar: user %.*s: ", (int)user->name.len,
			user->name.at);
		wrong(c, &why);
	}
}

/* A file that the login process shall read: the caller's, or NULL, and why is said. */
static char *read_for_auth(struct checking *c, const char *file, size_t max,
			   size_t *out_len)
{
	struct folder folder = { .path = file };
	char *text = NULL;
	struct why why = { 0 };
	OWN_FD dir = -1;

	if (file_open_parent(file, &dir, &folder.name, &why)) {
		wrong(c, &why);
		return NULL;
	}
	folder.dir = dir;
	if (!cli_run_as(c->auth, can_read_file, &folder)) {
		c->errors++;
		return NULL;
	}
	OWN_FD fd = openat(dir, folder.name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		wrong_at(c, "open", file, errno);
	else if (file_read_all(fd, max, &text, out_len, file, &why))
		wrong(c, &why);
	return text;
}

static bool is_anonymous(const struct settings *s, const struct user *user)
{
	const struct login_rules rules = { .default_domain = span_of(s->default_domain),
					   .fold = s->fold_names };
	struct login_name name;

	return login_name(&rules, span_of(s->anonymous_user), &name) &&
	       span_is(user->name, name.text);
}

static void check_users_file(struct checking *c, const char *file)
{
	size_t len = 0;
	OWN_TEXT text = read_for_auth(c, file, USERS_OCTETS_MAX, &len);

	c->file = file;
	if (!text)
		return;
	OWN(users) users = users_parse((struct span){ text, len }, complain_line, c);
	const struct user *user;
	for (size_t i = 0; users && (user = users_at(users, i)); i++) {
		check_user(c, user);
		c->anonymous |= is_anonymous(&c->settings, user);
	}
}

/* No error: a set of keys may hold some that are for something else. */
static void complain_key(void *arg, unsigned key, const char *text)
{
	const struct checking *c = arg;

	fprintf(stderr, "poplar: %s: key %u %s\n", c->file, key, text);
}

static void check_keys(struct checking *c, const char *file)
{
	OWN(jwt_keys) keys = NULL;
	struct why why = { 0 };
	size_t len = 0;
	OWN_TEXT text = read_for_auth(c, file, JWT_KEYS_OCTETS_MAX, &len);

	c->file = file;
	if (text &&
	    jwt_keys_parse((struct span){ text, len }, complain_key, c, &keys, &why)) {
		fprintf(stderr, "poplar: %s: cannot %s\n", file, why.doing);
		c->errors++;
	}
	secret_wipe(text, len);
}

static void check_file(struct checking *c, const struct database_settings *db)
{
	if (database_has_tokens(db))
		check_keys(c, db->path);
	else
		check_users_file(c, *db->path ? db->path : c->settings.users);
}

static void check_databases(struct checking *c)
{
	const struct databases *all = &c->settings.databases;

	for (unsigned i = 0; i < all->count; i++)
		if (!database_is_asked(&all->at[i]))
			check_file(c, &all->at[i]);
	c->errors += cli_check_databases(all, c->auth);
	for (unsigned i = 0; i < all->count; i++)
		c->anonymous |= database_is_asked(&all->at[i]); /* it may know */
	if (*c->settings.anonymous_user && !c->anonymous) {
		fprintf(stderr, "poplar: anonymous-user: no users file has %s\n",
			c->settings.anonymous_user);
		c->errors++;
	}
}

static bool can_use_keytab(void *arg)
{
	const struct checking *c = arg;
	struct why why = { 0 };

	if (gssapi_start(c->settings.gssapi_keytab, &why) == FAULT_NONE)
		return true;
	cli_complain(&why);
	return false;
}

static void check_keytab(struct checking *c)
{
	unsigned allowed;

	if (settings_mechanisms(&c->settings.mechanisms, &allowed) &&
	    (allowed & MECHANISM_BIT(GSSAPI)))
		c->errors += !cli_run_as(c->auth, can_use_keytab, c);
}

/* ---- mail ---- */

static bool can_write_folder(void *arg)
{
	const struct folder *f = arg;
	struct why why = { 0 };

	if (faccessat(f->dir, ".", R_OK | W_OK | X_OK, AT_EACCESS) == 0)
		return true;
	fault_set(&why, FAULT_SETUP, errno, "read and write, as mail-user, mail-root",
		  f->path);
	cli_complain(&why);
	return false;
}

static void check_mail_root(struct checking *c)
{
	OWN_FD dir = open(c->settings.mail_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct folder folder = { .dir = dir, .path = c->settings.mail_root };

	if (dir < 0)
		wrong_at(c, "find mail-root", c->settings.mail_root, errno);
	else
		c->errors += !cli_run_as(c->mail, can_write_folder, &folder);
}

static bool can_read_folder(void *arg)
{
	const struct folder *f = arg;
	struct why why = { 0 };

	if (faccessat(f->dir, ".", R_OK | X_OK, AT_EACCESS) == 0)
		return true;
	fault_set(&why, FAULT_SETUP, errno, "read, as its owner, board", f->path);
	cli_complain(&why);
	return false;
}

static void check_board(struct checking *c, const struct board_settings *board,
			const char *path)
{
	const struct cli_ids owner = { (uid_t)board->uid, (gid_t)board->gid };
	OWN_FD dir = *path ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	struct folder folder = { .dir = dir, .path = path };

	if (dir >= 0)
		c->errors += !cli_run_as(board->uid > 0 ? owner : c->mail,
					 can_read_folder, &folder);
	else if (*path)
		wrong_at(c, "find board", path, errno);
}

static void check_boards(struct checking *c)
{
	const struct boards *all = &c->settings.boards;

	for (unsigned i = 0; i < all->count; i++) {
		check_board(c, &all->at[i], all->at[i].maildir);
		check_board(c, &all->at[i], all->at[i].archive);
	}
}

static void check_run_dir(struct checking *c)
{
	struct stat st;
	const char *name;
	struct why why = { 0 };
	OWN_FD parent = -1;

	if (stat(c->settings.run_dir, &st) == 0) {
		if (!S_ISDIR(st.st_mode) || access(c->settings.run_dir, W_OK) < 0)
			wrong_at(c, "write to run-dir", c->settings.run_dir,
				 S_ISDIR(st.st_mode) ? errno : ENOTDIR);
	} else if (file_open_parent(c->settings.run_dir, &parent, &name, &why)) {
		wrong(c, &why);
	}
}

int cli_check(const char *config, int argc, char **argv)
{
	struct checking c = { .errors = 0 };

	(void)argv;
	if (argc > 1) {
		fputs("usage: poplar [-c FILE] check\n", stderr);
		return CLI_USAGE;
	}
	cli_load(config, &c.settings);
	check_users_exist(&c);
	check_ports(&c);
	check_certificates(&c);
	for (unsigned i = 0; i < c.settings.tls_certificate.count; i++)
		check_key_is_apart(&c, i);
	if (c.errors == 0 || geteuid() != 0) {
		check_databases(&c);
		check_keytab(&c);
		check_mail_root(&c);
		check_boards(&c);
	}
	check_run_dir(&c);
	settings_done(&c.settings);
	if (c.errors == 0)
		printf("%s: all is well\n", config);
	else
		fprintf(stderr, "poplar: %s: %u error%s\n", config, c.errors,
			c.errors == 1 ? "" : "s");
	return c.errors == 0 ? CLI_OK : CLI_BAD;
}
