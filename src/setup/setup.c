/* setup/setup.c - checks a configuration against this machine.
 *
 * Prefix: setup_.
 */
#include "setup/setup.h"

#include <errno.h>
#include <limits.h>
#include <paths.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/own.h"
#include "sys/landlock.h"
#include "sys/proc.h"

void setup_complain(const struct setup *u, enum setup_weight weight, enum setting_id id,
		    const char *format, ...)
{
	const int line = u->settings->lines[id];
	char text[1024], where[32] = "", whole[sizeof text + 512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (line > 0)
		snprintf(where, sizeof where, ":%d", line);
	snprintf(whole, sizeof whole, "%.300s%s: %s: %s", u->path, where,
		 settings_name(id), text);
	u->say(u->arg, weight, whole);
}

/* ---- users of the system ---- */

static bool find_user(const struct setup *u, enum setting_id id, const char *name,
		      struct ids *out)
{
	*out = (struct ids){ 0 };
	switch (ids_find(name, "", out)) {
	case IDS_FOUND:
		return true;
	case IDS_ROOT:
		setup_complain(u, SETUP_ERROR, id,
			       "expected a user other than root, found \"%.100s\": no "
			       "process of Poplar runs as root",
			       name);
		return false;
	default:
		setup_complain(
			u, SETUP_ERROR, id,
			"expected a user of this system, found \"%.100s\": there "
			"is no such user%s%s",
			name, errno ? ": " : "", errno ? strerrordesc_np(errno) : "");
		return false;
	}
}

/* Root may own the sockets. */
static bool find_socket_owner(const struct setup *u, struct ids *out)
{
	const struct settings *s = u->settings;

	*out = (struct ids){ 0 };
	switch (ids_find(s->lmtp_socket_owner, s->lmtp_socket_group, out)) {
	case IDS_FOUND:
	case IDS_ROOT:
		return true;
	case IDS_NO_USER:
		setup_complain(u, SETUP_ERROR, SETTING_ID_lmtp_socket_owner,
			       "expected a user of this system, found \"%.100s\": "
			       "there is no such user%s%s",
			       s->lmtp_socket_owner, errno ? ": " : "",
			       errno ? strerrordesc_np(errno) : "");
		return false;
	case IDS_NO_GROUP:
		break;
	}
	setup_complain(u, SETUP_ERROR, SETTING_ID_lmtp_socket_group,
		       "expected a group of this system, found \"%.100s\": there is no "
		       "such group%s%s",
		       s->lmtp_socket_group, errno ? ": " : "",
		       errno ? strerrordesc_np(errno) : "");
	return false;
}

bool setup_find_users(const struct setup *u, struct setup_users *out)
{
	const struct settings *s = u->settings;
	bool ok = find_user(u, SETTING_ID_front_user, s->front_user, &out->front);

	ok = find_user(u, SETTING_ID_auth_user, s->auth_user, &out->auth) && ok;
	ok = find_user(u, SETTING_ID_mail_user, s->mail_user, &out->mail) && ok;
	return find_socket_owner(u, &out->socket) && ok;
}

static void check_apart(const struct setup *u, enum setting_id id, const char *name,
			struct ids a, enum setting_id other, struct ids b)
{
	if (geteuid() == 0 && a.uid == b.uid)
		setup_complain(u, SETUP_WARNING, id,
			       "expected a user of its own, found \"%.100s\", who is "
			       "%s too: what one process is denied the other may have",
			       name, settings_name(other));
}

/* ---- the users files ---- */

/* Does the link lead out of the folder that it lies in, which is all that the login
 * process can read? */
static bool leads_out(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *real = realpath(path, NULL);
	char *folder = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	char *real_folder = folder ? realpath(folder, NULL) : NULL;
	bool out = false;

	if (real && real_folder) {
		size_t len = strlen(real_folder);

		out = strncmp(real, real_folder, len) != 0 ||
		      (len > 1 && real[len] != '/');
	}
	free(real);
	free(folder);
	free(real_folder);
	return out;
}

static void check_users_file(const struct setup *u, const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return; /* it need not be there yet */
	if (S_ISLNK(st.st_mode) && leads_out(path))
		setup_complain(u, SETUP_TROUBLE, SETTING_ID_users,
			       "expected a file, found %.500s, a symbolic link that "
			       "leads out of its folder: the login process can read "
			       "nothing else, and nobody in the file can log in",
			       path);
	if (stat(path, &st) == 0 && (st.st_mode & S_IWOTH))
		setup_complain(u, SETUP_WARNING, SETTING_ID_users,
			       "expected a file for its owner alone to change, such as "
			       "one of mode 0640, found %.500s with mode %04o: who may "
			       "change it may log in as anybody",
			       path, st.st_mode & 07777);
}

static void check_users_files(const struct setup *u)
{
	const struct databases *all = &u->settings->databases;

	for (unsigned i = 0; i < all->count; i++)
		if (!database_is_asked(&all->at[i]))
			check_users_file(u, *all->at[i].path ? all->at[i].path
							     : u->settings->users);
}

/* ---- private keys ---- */

static void check_key(const struct setup *u, unsigned i)
{
	const struct settings *s = u->settings;
	const bool own = i < s->tls_key.count && *s->tls_key.at[i];
	const char *key = own ? s->tls_key.at[i] : s->tls_certificate.at[i];
	const enum setting_id id = own ? SETTING_ID_tls_key
				       : SETTING_ID_tls_certificate;
	const char *slash = strrchr(s->users, '/');
	struct stat st;

	if (strncmp(key, s->users, (size_t)(slash - s->users) + 1) == 0)
		setup_complain(u, SETUP_TROUBLE, id,
			       "expected a private key elsewhere, found %.500s: it may "
			       "not lie below the folder of the users file, which the "
			       "login process can read",
			       key);
	if (stat(key, &st) == 0 && (st.st_mode & S_IROTH))
		setup_complain(u, SETUP_WARNING, id,
			       "expected a private key for few to read, such as one of "
			       "mode 0600, found %.500s with mode %04o",
			       key, st.st_mode & 07777);
}

/* ---- the databases ---- */

static void check_recipients(const struct setup *u)
{
	const struct databases *all = &u->settings->databases;

	for (unsigned i = 0; i < all->count && u->settings->listen_lmtp.count > 0; i++)
		if (database_needs_passwords(&all->at[i]))
			setup_complain(u, SETUP_WARNING, SETTING_ID_listen_lmtp,
				       "database %s finds users by their passwords "
				       "only: mail for its users, and for unknown "
				       "users, waits with the reply 451",
				       all->at[i].name);
}

/* ---- the log, the kernel ---- */

/* syslog(3) tries both. */
static bool syslog_listens(void)
{
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM };
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = _PATH_LOG };

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		OWN_FD fd = socket(AF_UNIX, types[i] | SOCK_CLOEXEC, 0);

		if (fd >= 0 &&
		    connect(fd, (const struct sockaddr *)&to, sizeof to) == 0)
			return true;
	}
	return false;
}

static void check_log(const struct setup *u)
{
	if (u->settings->log == LOG_TO_SYSLOG && !syslog_listens())
		setup_complain(u, SETUP_WARNING, SETTING_ID_log,
			       "expected a system log at " _PATH_LOG
			       ", found none: %s: "
			       "lines are lost until there is one",
			       strerrordesc_np(errno));
}

static void check_kernel(const struct setup *u)
{
	const char *lacks = proc_kernel_lacks();

	if (lacks)
		u->say(u->arg, SETUP_ERROR, lacks);
	if (u->settings->mark_seen && !landlock_moves(landlock_abi()))
		setup_complain(
			u, SETUP_WARNING, SETTING_ID_mark_seen,
			"nothing is marked: the Landlock of this kernel, version "
			"1, forbids to move mail from new to cur; Linux 5.19 "
			"allows it");
	if (landlock_abi() == 0)
		u->say(u->arg, SETUP_WARNING,
		       "expected Landlock, found none in this kernel: processes are "
		       "kept from files by their uids and seccomp alone");
}

void setup_judge(const struct setup *u, const struct setup_users *users)
{
	const struct settings *s = u->settings;

	check_apart(u, SETTING_ID_front_user, s->front_user, users->front,
		    SETTING_ID_mail_user, users->mail);
	check_apart(u, SETTING_ID_front_user, s->front_user, users->front,
		    SETTING_ID_auth_user, users->auth);
	check_apart(u, SETTING_ID_auth_user, s->auth_user, users->auth,
		    SETTING_ID_mail_user, users->mail);
	check_users_files(u);
	for (unsigned i = 0; i < s->tls_certificate.count; i++)
		check_key(u, i);
	check_recipients(u);
	check_log(u);
	check_kernel(u);
}
