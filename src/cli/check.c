/* cli/check.c - poplar check: reports what is wrong, without starting anything.
 *
 * setup/, certificate/ and config/ have the checks that poplard makes, too, so both
 * report in the same words.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/sasl/gssapi.h"
#include "base/mechanism.h"
#include "base/own.h"
#include "certificate/certificates.h"
#include "cli/checkdatabases.h"
#include "cli/checkoffers.h"
#include "cli/checkusers.h"
#include "cli/commands.h"
#include "rundir/state.h"
#include "sys/file.h"
#include "sys/localsock.h"
#include "sys/sock.h"
#include "tls/tls.h"

static const char usage[] =
	"usage: poplar [-c FILE] check\n"
	"\n"
	"Checks the configuration without starting anything. Status 0: poplard would\n"
	"start and serve all users, though there may be warnings; 1: poplard would\n"
	"start, but could not serve some users; 78: poplard would not start.\n";

static void say(void *arg, enum setup_weight weight, const char *text)
{
	check_say(arg, weight, text);
}

/* ---- ports ---- */

/* The state of the poplard that runs with this run directory, which it keeps locked.
 * Empty: none runs. */
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

/* The run directory need not be there: poplard makes it. */
static bool is_in_run_dir(const struct settings *s, const char *path)
{
	const char *slash = strrchr(path, '/');
	const size_t len = (size_t)(slash - path);

	return strlen(s->run_dir) == len && memcmp(path, s->run_dir, len) == 0;
}

static void check_local(struct checking *c, const char *path)
{
	struct why why = { 0 };

	if (localsock_try(path, &why) == FAULT_NONE ||
	    (why.sys == ENOENT && is_in_run_dir(&c->settings, path)))
		return;
	setup_complain(&c->setup, SETUP_ERROR, SETTING_ID_listen_lmtp,
		       "cannot %s %s: %s%s", why.doing, why.what,
		       strerrordesc_np(why.sys),
		       why.sys == ENOENT ? ": make its folder" : "");
}

/* A running poplard keeps a port over a reload if the settings still name it in the
 * same way. Any other port must be free, also of poplard's own sockets. */
static void check_port(struct checking *c, enum setting_id id, const char *name,
		       const struct statefile *running)
{
	bool ours = statefile_has_port(running, settings_name(id), name);
	struct sock_address address[2];
	struct why why = { 0 };
	unsigned count;

	if (!ours && id == SETTING_ID_listen_lmtp && *name == '/') {
		check_local(c, name);
		return;
	}
	if (ours || !sock_parse(span_of(name), address, &count))
		return; /* reported when the file was read */
	for (unsigned i = 0; i < count; i++) {
		OWN_FD fd = -1;

		if (sock_listen(&address[i], &fd, &why) == FAULT_NONE)
			continue;
		bool other_family = count > 1 && (why.sys == EAFNOSUPPORT ||
						  why.sys == EADDRNOTAVAIL);
		if (!other_family)
			setup_complain(&c->setup, SETUP_ERROR, id, "cannot %s %s: %s",
				       why.doing, why.what, strerrordesc_np(why.sys));
	}
}

static void check_ports(struct checking *c)
{
	const struct settings *s = &c->settings;
	struct statefile running = find_running(s);

	for (unsigned i = 0; i < s->listen.count; i++)
		check_port(c, SETTING_ID_listen, s->listen.at[i], &running);
	for (unsigned i = 0; i < s->listen_tls.count; i++)
		check_port(c, SETTING_ID_listen_tls, s->listen_tls.at[i], &running);
	for (unsigned i = 0; i < s->listen_lmtp.count; i++)
		check_port(c, SETTING_ID_listen_lmtp, s->listen_lmtp.at[i], &running);
	statefile_done(&running);
}

/* ---- certificates ---- */

static void tell(void *arg, const struct certificate_notice *n)
{
	struct checking *c = arg;

	switch (n->news) {
	case CERTIFICATE_REFUSED:
		setup_complain(&c->setup, SETUP_ERROR, n->setting, "cannot %s %s%s%s",
			       n->why->doing, n->why->what, n->why->sys ? ": " : "",
			       n->why->sys ? strerrordesc_np(n->why->sys) : "");
		break;
	case CERTIFICATE_ALONE:
		check_format(c, SETUP_WARNING, "the certificate in %s comes alone: %s",
			     n->path, CERTIFICATE_ALONE_TEXT);
		break;
	case CERTIFICATE_EXPIRED:
		check_format(c, SETUP_TROUBLE, "the certificate in %s has expired",
			     n->path);
		break;
	case CERTIFICATE_EXPIRES:
		check_format(c, SETUP_WARNING,
			     "the certificate in %s expires in %d days", n->path,
			     (int)n->days);
		break;
	case CERTIFICATE_NO_STAPLE:
		check_format(c, SETUP_WARNING,
			     "the OCSP response in %s is not stapled: %s", n->path,
			     n->why->what);
		break;
	}
}

static void check_certificates(struct checking *c)
{
	struct certificates certificates;
	bool changed;

	if (!tls_start()) {
		check_say(c, SETUP_ERROR, "cannot start OpenSSL");
		return;
	}
	if (!certificates_read(&c->settings, NULL, &certificates, &changed, tell, c))
		return;
	certificates_review(&c->settings, &certificates, tell, c);
	certificates_done(&certificates);
}

static bool can_use_keytab(void *arg)
{
	struct checking *c = arg;
	struct why why = { 0 };

	if (gssapi_start(c->settings.gssapi_keytab, &why) == FAULT_NONE)
		return true;
	check_fault(c, SETUP_TROUBLE, &why);
	return false;
}

static void check_keytab(struct checking *c)
{
	unsigned allowed;

	if (settings_mechanisms(&c->settings.mechanisms, &allowed) &&
	    (allowed & MECHANISM_BIT(GSSAPI)))
		check_as(c, c->auth, can_use_keytab, c, SETUP_TROUBLE);
}

/* ---- folders ---- */

struct folder {
	struct checking *checking;
	int dir, mode;
	const char *doing, *path;
};

static bool can_use_folder(void *arg)
{
	const struct folder *f = arg;
	struct why why = { 0 };

	if (faccessat(f->dir, ".", f->mode, AT_EACCESS) == 0)
		return true;
	fault_set(&why, FAULT_SETUP, errno, f->doing, f->path);
	check_fault(f->checking, SETUP_TROUBLE, &why);
	return false;
}

static void check_mail_root(struct checking *c)
{
	const char *root = c->settings.mail_root;
	OWN_FD dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct folder folder = { c, dir, R_OK | W_OK | X_OK,
				 "read and write, as mail-user, mail-root", root };

	if (dir < 0)
		setup_complain(&c->setup, SETUP_ERROR, SETTING_ID_mail_root,
			       "expected a folder, found \"%.500s\": %s", root,
			       strerrordesc_np(errno));
	else
		check_as(c, c->mail, can_use_folder, &folder, SETUP_TROUBLE);
}

static void check_users_folder(struct checking *c)
{
	const char *name;
	struct why why = { 0 };
	OWN_FD dir = -1;

	if (file_open_parent(c->settings.users, &dir, &name, &why))
		setup_complain(&c->setup, SETUP_ERROR, SETTING_ID_users,
			       "cannot %s %s: %s", why.doing, why.what,
			       strerrordesc_np(why.sys));
}

static void check_board(struct checking *c, const struct board_settings *board,
			const char *path)
{
	const struct ids owner = { (uid_t)board->uid, (gid_t)board->gid };
	OWN_FD dir = *path ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	struct folder folder = { c, dir, R_OK | X_OK, "read, as its owner, board",
				 path };

	if (dir >= 0)
		check_as(c, board->uid > 0 ? owner : c->mail, can_use_folder, &folder,
			 SETUP_TROUBLE);
	else if (*path)
		check_format(c, SETUP_TROUBLE, "board %s: cannot find %.500s: %s",
			     board->name, path, strerrordesc_np(errno));
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
	const char *path = c->settings.run_dir, *name;
	struct stat st;
	struct why why = { 0 };
	OWN_FD parent = -1;
	int sys = 0;

	if (stat(path, &st) == 0) {
		if (!S_ISDIR(st.st_mode))
			sys = ENOTDIR;
		else if (access(path, W_OK) < 0)
			sys = errno;
	} else if (file_open_parent(path, &parent, &name, &why)) {
		sys = why.sys;
	}
	if (sys)
		setup_complain(&c->setup, SETUP_ERROR, SETTING_ID_run_dir,
			       "expected a folder to write to, found \"%.500s\": %s",
			       path, strerrordesc_np(sys));
}

/* ---- all of it ---- */

static void print_count(unsigned count, const char *what, const char *behind)
{
	if (count > 0)
		fprintf(stderr, "%u %s%s%s", count, what, count == 1 ? "" : "s",
			behind);
}

static int report(const struct checking *c)
{
	const unsigned errors = c->count[SETUP_ERROR];
	const unsigned troubles = c->count[SETUP_TROUBLE];

	if (errors + troubles == 0) {
		printf("%s: all is well\n", c->setup.path);
		return CLI_OK;
	}
	fprintf(stderr, "poplar: %s: ", c->setup.path);
	print_count(errors, "error", troubles > 0 ? ", " : "");
	print_count(troubles, "trouble", "");
	fprintf(stderr, "%s\n", errors > 0 ? ": poplard would not start" : "");
	return errors > 0 ? CLI_CONFIG : CLI_BAD;
}

/* Checks that run as auth-user or mail-user. */
static void check_as_users(struct checking *c, const struct setup_users *users)
{
	c->auth = users->auth;
	c->mail = users->mail;
	setup_judge(&c->setup, users);
	check_users_folder(c);
	check_users(c);
	check_databases(c);
	check_offers(c);
	check_keytab(c);
	check_mail_root(c);
	check_boards(c);
}

int cli_check(const char *config, int argc, char **argv)
{
	struct checking c = { .setup = { .path = config, .say = say } };
	struct setup_users users;
	int status;

	if (!cli_takes_nothing(argc, argv, usage, &status))
		return status;
	c.setup.settings = &c.settings;
	c.setup.arg = &c;
	cli_load(config, &c.settings);
	check_ports(&c);
	check_certificates(&c);
	check_run_dir(&c);
	if (setup_find_users(&c.setup, &users))
		check_as_users(&c, &users);
	settings_done(&c.settings);
	return report(&c);
}
