/* cli/user.c - poplar user: edits the users file.
 *
 * The folder of the file is locked during an edit, and the file is replaced as a whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/login.h"
#include "auth/place.h"
#include "auth/user/edit.h"
#include "auth/user/scheme.h"
#include "auth/user/users.h"
#include "base/buf.h"
#include "base/own.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/password.h"
#include "cli/place.h"
#include "cli/usertest.h"
#include "sys/file.h"

enum { FILE_OCTETS_MAX = 1 << 30, USER_LINE_MAX = 8192 };

static const char usage[] =
	"usage: poplar user add [--scheme S] [--uid N --gid N] [--home DIR] NAME\n"
	"       poplar user passwd [--scheme S] NAME\n"
	"       poplar user del NAME\n"
	"       poplar user list\n"
	"       poplar user test [--from ADDRESS] [--clear] [--method MECHANISM] NAME\n"
	"       poplar user test --recipient [--json] ADDRESS\n"
	"\n"
	"poplar asks for the password. If standard input is not a terminal, poplar\n"
	"reads the password from its first line. add makes the user's Maildir. del\n"
	"leaves the mail in place. test tries a login at the running server, and\n"
	"prints the answer of each database, the rule that refuses the login, and the\n"
	"size of the maildrop. test --recipient prints who gets the mail of an\n"
	"address.\n"
	"\n"
	"Schemes:\n";

/* One command and its arguments. */
struct job {
	struct settings settings;
	const char *scheme, *uid, *gid, *home, *name;
	struct login_name prepared; /* the name as logins prepare it */
	int dir;                    /* the folder of the users file, locked */
	const char *file;           /* its name there */
	char *text;                 /* its contents */
	size_t len;
};

static int explain(FILE *to)
{
	fputs(usage, to);
#define X(name, how, digest, writing, make, text)                                      \
	if ((make) != NULL)                                                            \
		fprintf(to, "  %-13s %s%s\n", name, text,                              \
			strcmp(name, SCHEME_DEFAULT) == 0 ? " (default)" : "");
	SCHEME_TABLE(X)
#undef X
	return to == stdout ? CLI_OK : CLI_USAGE;
}

/* ---- the file ---- */

/* Create the users file, so that only root and poplar-auth can read it. */
static bool make_file(const struct job *j)
{
	struct ids ids;
	OWN_FD fd =
		openat(j->dir, j->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

	if (fd < 0)
		return false;
	if (geteuid() != 0)
		return true;
	return cli_find_ids(j->settings.auth_user, &ids) &&
	       fchown(fd, 0, ids.gid) == 0 && fchmod(fd, 0640) == 0;
}

/* Why the file is opened. TO_LOOK: it may be missing. */
enum purpose { TO_READ, TO_EDIT, TO_ADD, TO_LOOK };

/* An edit does not follow a symbolic link: a user who may write to the folder could
 * otherwise make root edit any file, and the lock would be on another folder than that
 * of the file. */
static int open_for(const struct job *j, enum purpose purpose)
{
	int flags = O_RDONLY | O_CLOEXEC | (purpose == TO_READ ? 0 : O_NOFOLLOW);
	int fd = openat(j->dir, j->file, flags);

	if (fd < 0 && errno == ENOENT && purpose == TO_ADD && make_file(j))
		fd = openat(j->dir, j->file, flags);
	return fd;
}

static bool open_file(struct job *j, enum purpose purpose)
{
	const char *users = j->settings.users;
	struct why why = { 0 };

	if (file_open_parent(users, &j->dir, &j->file, &why)) {
		cli_complain(&why);
		return false;
	}
	if (flock(j->dir, LOCK_EX) < 0) {
		fault_set(&why, FAULT_IO, errno, "lock the folder of", users);
		cli_complain(&why);
		return false;
	}
	OWN_FD fd = open_for(j, purpose);
	if (fd < 0 && errno == ENOENT && purpose == TO_LOOK)
		return true;
	if (fd < 0 && errno == ELOOP) {
		fprintf(stderr,
			"poplar: %s is a symbolic link; let the setting users name "
			"the file itself\n",
			users);
		return false;
	}
	if (fd < 0)
		fault_set(&why, FAULT_IO, errno, "open", users);
	else
		fault_ignore(file_read_all(fd, FILE_OCTETS_MAX, &j->text, &j->len,
					   users, &why));
	if (why.fault)
		cli_complain(&why);
	return !why.fault;
}

static void close_file(struct job *j)
{
	own_fd_close(&j->dir);
	if (j->text)
		secret_wipe(j->text, j->len);
	free(j->text);
	j->text = NULL;
	j->len = 0;
}

static bool has(const struct job *j, const char *name)
{
	return edit_has((struct span){ j->text, j->len }, span_of(name));
}

/* The file may have the user under the given name or under the prepared one. */
static bool choose_name(struct job *j)
{
	if (!has(j, j->name) && j->prepared.len > 0 && has(j, j->prepared.text))
		j->name = j->prepared.text;
	if (has(j, j->name))
		return true;
	cli_say("there is no such user", j->name);
	return false;
}

/* Before a password is asked for: can the command succeed? The file is not locked while
 * the operator types. */
static bool expect(struct job *j, enum purpose purpose)
{
	bool ok;

	if (purpose == TO_ADD) {
		ok = open_file(j, TO_LOOK);
		if (ok && has(j, j->name)) {
			cli_say("user exists already", j->name);
			ok = false;
		}
	} else {
		ok = open_file(j, purpose) && choose_name(j);
	}
	close_file(j);
	return ok;
}

static bool replace_file(const struct job *j, enum edit_done done, char *text,
			 size_t len)
{
	struct why why = { 0 };
	bool ok = false;

	if (done == EDIT_EXISTS)
		cli_say("user exists already", j->name);
	else if (done == EDIT_NOT_FOUND)
		cli_say("there is no such user", j->name);
	else if (done == EDIT_NO_MEMORY)
		cli_say("out of memory", NULL);
	else if (file_replace(j->dir, j->file, (struct span){ text, len }, 0640, true,
			      &why))
		cli_complain(&why);
	else
		ok = true;
	free(text);
	return ok;
}

/* ---- names ---- */

/* False: no login can use this name. */
static bool prepare(struct job *j)
{
	const struct settings *s = &j->settings;
	const struct login_rules rules = { .default_domain = span_of(s->default_domain),
					   .fold = s->fold_names };

	return login_name(&rules, span_of(j->name), &j->prepared);
}

static bool is_prepared(const struct job *j)
{
	struct job again = { .settings = j->settings, .name = j->prepared.text };

	return prepare(&again) && strcmp(again.prepared.text, j->prepared.text) == 0;
}

static bool is_name(const char *name)
{
	if (edit_name_ok(span_of(name)))
		return true;
	cli_say("a user name has 1 to 248 octets, no space, no ':', no '#' in front",
		name);
	return false;
}

/* A new user gets the prepared name. */
static bool prepare_new(struct job *j)
{
	const char *separator = j->settings.master_separator;

	if (!prepare(j) || !is_prepared(j)) {
		cli_say("a user name is UTF-8, of characters that SASLprep (RFC 4013) "
			"allows",
			NULL);
		return false;
	}
	if (!is_name(j->prepared.text))
		return false;
	if (*separator && strstr(j->prepared.text, separator)) {
		cli_say("a user name may not contain the master-separator",
			j->prepared.text);
		return false;
	}
	if (strcmp(j->name, j->prepared.text) != 0)
		printf("the user is %s; a login as %s looks for this name\n",
		       j->prepared.text, j->name);
	j->name = j->prepared.text;
	return true;
}

/* ---- the commands ---- */

static bool make_place(const struct job *j, struct span line)
{
	OWN(users) users = users_parse(line, NULL, NULL);
	const struct user *user = users ? users_at(users, 0) : NULL;

	return user && cli_make_place(&j->settings, user);
}

static int add(struct job *j)
{
	char stored[SCHEME_STORED_MAX], room[USER_LINE_MAX];
	struct buf line = BUF(room);
	char *text = NULL;
	size_t len = 0;

	if (!prepare_new(j) || !expect(j, TO_ADD) ||
	    !cli_make_password(j->name, j->scheme, stored))
		return CLI_BAD;
	const char *const fields[] = {
		j->name, stored, j->uid, j->gid, "", j->home, ""
	};
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		buf_text(&line, i > 0 ? ":" : "");
		buf_text(&line, fields[i]);
	}
	buf_char(&line, ':');
	struct span whole = buf_span(&line);
	bool ok = !line.cut && open_file(j, TO_ADD);
	if (ok) {
		enum edit_done done = edit_add((struct span){ j->text, j->len },
					       span_of(j->name), whole, &text, &len);

		ok = done != EDIT_DONE || make_place(j, whole);
		if (ok)
			ok = replace_file(j, done, text, len);
		else
			free(text);
	}
	secret_wipe(room, sizeof room);
	secret_wipe(stored, sizeof stored);
	return ok ? CLI_OK : CLI_BAD;
}

static int passwd(struct job *j)
{
	char stored[SCHEME_STORED_MAX];
	char *text = NULL;
	size_t len = 0;

	if (!expect(j, TO_EDIT) || !cli_make_password(j->name, j->scheme, stored) ||
	    !open_file(j, TO_EDIT))
		return CLI_BAD;
	enum edit_done done = edit_password((struct span){ j->text, j->len },
					    span_of(j->name), span_of(stored), &text,
					    &len);
	secret_wipe(stored, sizeof stored);
	return replace_file(j, done, text, len) ? CLI_OK : CLI_BAD;
}

static int del(struct job *j)
{
	char *text = NULL;
	size_t len = 0;

	if (!open_file(j, TO_EDIT) || !choose_name(j))
		return CLI_BAD;
	enum edit_done done = edit_delete((struct span){ j->text, j->len },
					  span_of(j->name), &text, &len);
	return replace_file(j, done, text, len) ? CLI_OK : CLI_BAD;
}

static void complain_line(void *arg, unsigned line, const char *text)
{
	const struct job *j = arg;

	fprintf(stderr, "poplar: %s:%u: %s\n", j->settings.users, line, text);
}

static int list(struct job *j)
{
	if (!open_file(j, TO_READ))
		return CLI_BAD;
	OWN(users)
	users = users_parse((struct span){ j->text, j->len }, complain_line, j);
	const struct user *user;

	for (size_t i = 0; users && (user = users_at(users, i)); i++) {
		char path[PLACE_PATH_MAX] = "";
		struct why why = { 0 };

		printf("%.*s\t", (int)user->name.len, user->name.at);
		if (user->has_uid)
			printf("%u\t", user->uid);
		else
			printf("%s\t", j->settings.mail_user);
		if (place_maildrop(user, j->settings.mail_root, j->settings.maildir,
				   path, &why))
			printf("(not below mail-root: %s)\n", why.what);
		else
			printf("%s/%s\n", j->settings.mail_root, path);
	}
	return users ? CLI_OK : CLI_BAD;
}

static const struct {
	const char *name;
	int (*run)(struct job *j);
	bool named;
} table[] = {
	{ "add", add, true },
	{ "passwd", passwd, true },
	{ "del", del, true },
	{ "list", list, false },
};

static bool parse_options(struct job *j, int argc, char **argv)
{
	static const struct option options[] = {
		{ "scheme", required_argument, NULL, 's' },
		{ "uid", required_argument, NULL, 'u' },
		{ "gid", required_argument, NULL, 'g' },
		{ "home", required_argument, NULL, 'h' },
		{ 0 },
	};
	uint32_t id;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option == 's')
			j->scheme = optarg;
		else if (option == 'h' && !span_has_any(span_of(optarg), ":\n\r"))
			j->home = optarg;
		else if (option == 'u' && span_u32(span_of(optarg), &id))
			j->uid = optarg;
		else if (option == 'g' && span_u32(span_of(optarg), &id))
			j->gid = optarg;
		else
			return false;
	}
	if (!*j->uid == !*j->gid)
		return true;
	cli_say("--uid and --gid go together", NULL);
	return false;
}

int cli_user(const char *config, int argc, char **argv)
{
	struct job j = {
		.scheme = SCHEME_DEFAULT, .uid = "", .gid = "", .home = "", .dir = -1
	};

	if (cli_wants_help(argc, argv))
		return explain(stdout);
	if (argc > 1 && strcmp(argv[1], "test") == 0)
		return cli_test(config, argc - 1, argv + 1);
	if (argc < 2 || !parse_options(&j, argc - 1, argv + 1))
		return explain(stderr);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		if (strcmp(argv[1], table[i].name) != 0)
			continue;
		if (argc - 1 - optind != (table[i].named ? 1 : 0))
			return explain(stderr);
		j.name = table[i].named ? argv[1 + optind] : NULL;
		if (j.name && !is_name(j.name))
			return CLI_BAD;
		if (!scheme_start()) {
			cli_say("libsodium does not start", NULL);
			return CLI_BAD;
		}
		cli_load(config, &j.settings);
		if (j.name && !prepare(&j))
			j.prepared.len = 0;
		int status = table[i].run(&j);
		close_file(&j);
		settings_done(&j.settings);
		return status;
	}
	return explain(stderr);
}
