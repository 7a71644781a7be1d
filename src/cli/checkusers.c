/* cli/checkusers.c - poplar check: the users files, and who in them cannot log in.
 *
 * Prefix: check_.
 */
#include "cli/checkusers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/login.h"
#include "auth/place.h"
#include "auth/token/jwt_keys.h"
#include "auth/user/users.h"
#include "base/own.h"
#include "base/secret.h"
#include "cli/place.h"
#include "sys/file.h"

enum { USERS_OCTETS_MAX = 1 << 30 };

/* A file that is being read and checked. */
struct reading {
	struct checking *checking;
	const char *path, *name; /* name: in the folder `dir` */
	int dir;
};

static void __attribute__((format(printf, 4, 5)))
complain(struct checking *c, enum setup_weight weight, const struct user *user,
	 const char *format, ...)
{
	char text[800];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	check_format(c, weight, "user %.*s: %s", (int)user->name.len, user->name.at,
		     text);
}

/* ---- one user ---- */

/* Can a login with this name find this user? */
static void check_name(struct checking *c, const struct user *user)
{
	const struct settings *s = &c->settings;
	const struct login_rules rules = { .default_domain = span_of(s->default_domain),
					   .fold = s->fold_names,
					   .master_separator = *s->master_separator };
	struct login_name name;

	if (!login_name(&rules, user->name, &name))
		complain(
			c, SETUP_TROUBLE, user,
			"can never log in: expected a name in UTF-8 that SASLprep (RFC "
			"4013) allows");
	else if (!span_is(user->name, name.text))
		complain(c, SETUP_TROUBLE, user,
			 "can never log in: a login with this name looks for "
			 "%s",
			 name.text);
	else if (*s->master_separator &&
		 memchr(user->name.at, *s->master_separator, user->name.len))
		complain(c, SETUP_TROUBLE, user,
			 "can never log in: expected a name without '%s', which is "
			 "master-separator",
			 s->master_separator);
}

/* Do the folders that lead to the Maildir exist? Returns 0 or an errno. The first login
 * makes a missing Maildir, but not a missing home, unless create-home is set. */
static int try_place(const struct checking *c, int root, const char *path)
{
	OWN_FD maildir = file_open_beneath(root, path, O_PATH | O_DIRECTORY);
	const char *slash = strrchr(path, '/');
	char home[PLACE_PATH_MAX];

	if (maildir >= 0 || (errno == ENOENT && c->settings.create_home))
		return 0;
	if (errno != ENOENT)
		return errno;
	snprintf(home, sizeof home, "%.*s", slash ? (int)(slash - path) : 1,
		 slash ? path : ".");
	OWN_FD above = file_open_beneath(root, home, O_PATH | O_DIRECTORY);
	return above >= 0 ? 0 : errno;
}

/* A user's Maildir, by its path in the open folder `root`. */
struct kept {
	struct checking *checking;
	const struct user *user;
	const char *path;
	int root;
};

static bool can_open_maildir(void *arg)
{
	const struct kept *k = arg;
	OWN_FD dir = file_open_beneath(k->root, k->path, O_RDONLY | O_DIRECTORY);

	if (dir >= 0 && faccessat(dir, ".", X_OK, AT_EACCESS) == 0)
		return true;
	complain(k->checking, SETUP_TROUBLE, k->user,
		 "cannot open Maildir %.400s: %s: expected one that uid %u may read",
		 k->path, strerrordesc_np(errno), (unsigned)geteuid());
	return false;
}

/* Can the owner of the mail open the Maildir? If the owner has all rights to it by its
 * mode, yes; otherwise a process that runs as the owner tries. */
static void check_access(struct kept *k)
{
	const struct user *user = k->user;
	const struct ids own = { (uid_t)user->uid, (gid_t)user->gid };
	const struct ids ids = user->has_uid ? own : k->checking->mail;
	OWN_FD dir = file_open_beneath(k->root, k->path, O_PATH | O_DIRECTORY);
	struct stat st;

	if (dir < 0 || fstat(dir, &st) < 0 ||
	    (st.st_uid == ids.uid && (st.st_mode & S_IRWXU) == S_IRWXU))
		return;
	check_as(k->checking, ids, can_open_maildir, k, SETUP_TROUBLE);
}

/* The words are those of poplar-drop's event open-failed, with a hint. */
static void check_place(struct checking *c, const struct user *user, const char *path)
{
	const char *root = c->settings.mail_root;
	OWN_FD dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const int sys = dir < 0 ? 0 : try_place(c, dir, path); /* check.c reports it */
	const char *hint = "";

	if (sys == ENOENT)
		hint = ": expected a home there, found no folder";
	if (sys == ELOOP)
		hint = ": expected folders, found a symbolic link on the way";
	if (sys)
		complain(c, SETUP_TROUBLE, user, "cannot open Maildir %.400s: %s%s",
			 path, strerrordesc_np(sys), hint);
	else if (dir >= 0 && !cli_owner_wrong(&c->settings, user, c->mail))
		check_access(&(struct kept){ c, user, path, dir });
}

static void check_owner(struct checking *c, const struct user *user)
{
	const char *owner = cli_owner_wrong(&c->settings, user, c->mail);
	char path[PLACE_PATH_MAX];
	struct why why = { 0 };

	if (owner)
		complain(c, SETUP_TROUBLE, user, "%s", owner);
	if (place_maildrop(user, c->settings.mail_root, c->settings.maildir, path,
			   &why))
		complain(c, SETUP_TROUBLE, user, "cannot %s: %s", why.doing, why.what);
	else
		check_place(c, user, path);
}

/* Warn if the bounds of the site change the user's own login-delay or expire. */
static void check_policy(struct checking *c, const struct user *user)
{
	const struct policy_site site = settings_policy(&c->settings);
	const struct policy p =
		policy_of(&site, user->has_delay, user->has_expire, &user->policy);

	if (user->has_delay && p.login_delay != user->policy.login_delay)
		complain(c, SETUP_WARNING, user,
			 "login-delay is held to %us by login-delay-most",
			 p.login_delay);
	if (user->has_expire &&
	    (p.unread != user->policy.unread || p.retrieved != user->policy.retrieved))
		complain(c, SETUP_WARNING, user, "expire is held to %s by expire-least",
			 *c->settings.expire_least ? c->settings.expire_least
						   : c->settings.expire);
}

static bool is_anonymous(const struct settings *s, const struct user *user)
{
	const struct login_rules rules = { .default_domain = span_of(s->default_domain),
					   .fold = s->fold_names };
	struct login_name name;

	return login_name(&rules, span_of(s->anonymous_user), &name) &&
	       span_is(user->name, name.text);
}

/* ---- a file ---- */

static bool can_read_file(void *arg)
{
	const struct reading *r = arg;
	struct why why = { 0 };
	OWN_FD fd = openat(r->dir, r->name, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		return true;
	fault_set(&why, FAULT_SETUP, errno, "read, as auth-user,", r->path);
	check_fault(r->checking, SETUP_TROUBLE, &why);
	return false;
}

/* Read a file that poplar-auth will have to read. The caller frees the text; NULL: it
 * cannot be read, which has been reported. Only the rights to the file and its folder
 * matter, not those to the folders above: poplard opens the folder as root, and sends
 * it to poplar-auth. */
static char *read_for_auth(struct reading *r, size_t max, size_t *out_len)
{
	struct checking *c = r->checking;
	const unsigned before = c->count[SETUP_TROUBLE];
	char *text = NULL;
	struct why why = { 0 };
	OWN_FD dir = -1;

	if (file_open_parent(r->path, &dir, &r->name, &why))
		return NULL; /* the check of the folders reports it */
	r->dir = dir;
	check_as(c, c->auth, can_read_file, r, SETUP_TROUBLE);
	if (c->count[SETUP_TROUBLE] > before)
		return NULL;
	OWN_FD fd = openat(dir, r->name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fault_set(&why, FAULT_SETUP, errno, "open", r->path);
	else
		fault_ignore(file_read_all(fd, max, &text, out_len, r->path, &why));
	if (why.fault)
		check_fault(c, SETUP_TROUBLE, &why);
	return text;
}

static void complain_line(void *arg, unsigned line, const char *text)
{
	const struct reading *r = arg;

	check_format(r->checking, SETUP_TROUBLE, "%.300s:%u: %s", r->path, line, text);
}

static void check_users_file(struct checking *c, const char *file)
{
	struct reading r = { .checking = c, .path = file };
	size_t len = 0;
	OWN_TEXT text = read_for_auth(&r, USERS_OCTETS_MAX, &len);

	if (!text)
		return;
	if (span_starts((struct span){ text, len }, "\xef\xbb\xbf"))
		complain_line(
			&r, 1,
			"expected a name, found a byte order mark, which is taken "
			"for a part of it");
	OWN(users) users = users_parse((struct span){ text, len }, complain_line, &r);
	const struct user *user;
	for (size_t i = 0; users && (user = users_at(users, i)); i++) {
		check_name(c, user);
		check_owner(c, user);
		check_policy(c, user);
		c->anonymous |= is_anonymous(&c->settings, user);
	}
	secret_wipe(text, len);
}

/* A key that cannot be used is only a warning: a set of keys may have some for other
 * purposes. */
static void complain_key(void *arg, unsigned key, const char *text)
{
	const struct reading *r = arg;

	check_format(r->checking, SETUP_WARNING, "%.300s: key %u %s", r->path, key,
		     text);
}

static void check_keys(struct checking *c, const char *file)
{
	struct reading r = { .checking = c, .path = file };
	OWN(keyset) keys = NULL;
	struct why why = { 0 };
	size_t len = 0;
	OWN_TEXT text = read_for_auth(&r, KEYSET_OCTETS_MAX, &len);

	if (text &&
	    jwt_keys_parse((struct span){ text, len }, complain_key, &r, &keys, &why))
		check_format(c, SETUP_TROUBLE, "%.300s: cannot %s", file, why.doing);
	secret_wipe(text, len);
}

void check_users(struct checking *c)
{
	const struct databases *all = &c->settings.databases;

	for (unsigned i = 0; i < all->count; i++) {
		const struct database_settings *db = &all->at[i];

		if (database_is_asked(db))
			c->anonymous = true; /* perhaps it knows anonymous-user */
		else if (database_has_tokens(db))
			check_keys(c, db->path);
		else
			check_users_file(c, *db->path ? db->path : c->settings.users);
	}
	if (*c->settings.anonymous_user && !c->anonymous)
		setup_complain(&c->setup, SETUP_TROUBLE, SETTING_ID_anonymous_user,
			       "no users file has %s", c->settings.anonymous_user);
}
