/* cli/maildrop.c - finds and opens maildrops, for the commands of poplar.
 *
 * Prefix: cli_maildrop_.
 */
#include "cli/maildrop.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/own.h"
#include "cli/server.h"
#include "ipc/channel.h"
#include "sys/file.h"

enum { FILE_OCTETS_MAX = 1 << 30 };

bool cli_maildrop_begin(struct cli_maildrop *m, const struct settings *settings)
{
	*m = (struct cli_maildrop){ .settings = settings, .server = -1 };
	m->opening.place.root =
		open(settings->mail_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	m->opening.process.boot = store_boot();
	m->opening.process.downgrade = (enum downgrade_way)settings->utf8_downgrade;
	m->opening.uidl_format = &m->uidl_format;
	if (m->opening.place.root < 0)
		cli_say("cannot open mail-root", settings->mail_root);
	return m->opening.place.root >= 0;
}

void cli_maildrop_end(struct cli_maildrop *m)
{
	own_fd_close(&m->opening.place.root);
	own_fd_close(&m->server);
}

/* ---- where it is ---- */

static struct quota site_quota(const struct settings *s)
{
	struct quota quota = { 0 };

	(void)!quota_parse(span_of(s->quota), &quota); /* cli_load has checked it */
	return quota;
}

/* Whoever gave the format has checked it. */
static void set_format(struct cli_maildrop *m, struct span user_format)
{
	if (user_format.len == 0)
		user_format = span_of(m->settings->uidl_format);
	(void)!uidformat_take(user_format, &m->uidl_format);
}

bool cli_maildrop_of(struct cli_maildrop *m, const struct user *user)
{
	const struct settings *s = m->settings;
	const struct policy_site site = settings_policy(s);
	struct why why = { 0 };

	m->policy = policy_of(&site, user->has_delay, user->has_expire, &user->policy);
	m->quota = user->has_quota ? user->quota : site_quota(s);
	set_format(m, user->uidl_format);
	if (place_maildrop(user, s->mail_root, s->maildir, m->path, &why) == FAULT_NONE)
		return true;
	cli_complain(&why);
	return false;
}

struct users *cli_maildrop_users(const struct settings *s, unsigned *io_number)
{
	while (*io_number < s->databases.count) {
		const struct database_settings *db = &s->databases.at[(*io_number)++];
		const char *file = *db->path ? db->path : s->users;
		OWN_TEXT text = NULL;
		struct why why = { 0 };
		size_t len;

		if (database_is_asked(db))
			continue;
		OWN_FD fd = open(file, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && file_read_all(fd, FILE_OCTETS_MAX, &text, &len, file,
					     &why) == FAULT_NONE)
			return users_parse((struct span){ text, len }, NULL, NULL);
		fault_set(&why, FAULT_IO, errno, "read", file);
		cli_complain(&why);
	}
	return NULL;
}

/* An absolute path, as `poplar user test` prints it. */
static bool find_by_path(struct cli_maildrop *m)
{
	const struct policy_site site = settings_policy(m->settings);
	const struct span path = span_of(m->name);
	const size_t root = strlen(m->settings->mail_root);

	m->policy = site.standard;
	m->quota = site_quota(m->settings);
	set_format(m, SPAN(""));
	return span_starts(path, m->settings->mail_root) && path.len > root &&
	       path.at[root] == '/' &&
	       span_copy(span_after(path, root + 1), m->path, sizeof m->path);
}

bool cli_maildrop_in_files(const struct settings *s)
{
	for (unsigned i = 0; i < s->databases.count; i++)
		if (database_is_asked(&s->databases.at[i]))
			return false;
	return true;
}

static bool find_in_files(struct cli_maildrop *m)
{
	bool found = false;
	unsigned number = 0;
	struct users *users;

	while (!found && (users = cli_maildrop_users(m->settings, &number))) {
		const struct user *user = users_find(users, span_of(m->name));

		found = user && cli_maildrop_of(m, user);
		users_free(users);
	}
	if (!found)
		cli_say("no such user in a users file", m->name);
	return found;
}

static bool take_found(struct cli_maildrop *m, const struct message_FIND_IS *is)
{
	const struct why why = { .fault = (enum fault)is->fault };

	if (is->fault == FAULT_DENIED)
		cli_say("no database knows this user", m->name);
	else if (is->fault)
		fprintf(stderr, "poplar: %s: %s: %.*s\n", m->name,
			fault_text(why.fault), (int)is->trouble.len, is->trouble.at);
	m->policy = (struct policy){ (uint32_t)is->login_delay, (uint32_t)is->unread,
				     (uint32_t)is->retrieved };
	m->quota = (struct quota){ is->quota_octets, is->quota_messages };
	set_format(m, is->uidl_format);
	return !is->fault && span_copy(is->path, m->path, sizeof m->path);
}

static enum fault ask_server(struct cli_maildrop *m)
{
	const struct message ask = { .kind = MESSAGE_FIND_ASK,
				     .FIND_ASK = { span_of(m->name) } };

	if (m->server < 0)
		m->server = cli_connect(m->settings);
	return m->server >= 0 ? cli_ask(m->server, &ask) : FAULT_PEER;
}

static bool hear_server(struct cli_maildrop *m, bool *out_found)
{
	struct channel auth = channel_of(m->server, ROLE_AUTH, ROLE_TOOL);
	ROOM struct channel_inbox inbox;

	if (channel_receive(&auth, CHANNEL_WAIT, &inbox) != CHANNEL_MESSAGE ||
	    inbox.message.kind != MESSAGE_FIND_IS)
		return false;
	*out_found = take_found(m, &inbox.message.FIND_IS);
	return true;
}

/* The rules are those of a login: the first database that knows the name has the user.
 * If a reload has replaced the process that was asked before, the question is repeated.
 */
static bool find_by_server(struct cli_maildrop *m)
{
	bool found = false;

	for (bool again = m->server >= 0;; again = false) {
		const enum fault f = ask_server(m);

		if (f == FAULT_UNSENDABLE ||
		    (f == FAULT_NONE && hear_server(m, &found)))
			return found;
		own_fd_close(&m->server);
		if (!again)
			break;
	}
	cli_say("the server gave no answer: run this as root or as its user", m->name);
	return false;
}

bool cli_maildrop_find(struct cli_maildrop *m, const char *name)
{
	m->name = name;
	if (name[0] != '/')
		return cli_maildrop_in_files(m->settings) ? find_in_files(m)
							  : find_by_server(m);
	if (find_by_path(m))
		return true;
	cli_say("this path is not below mail-root", name);
	return false;
}

/* A database in front of a users file may know the same name, and then has the user. */
static bool visit_users(struct cli_maildrop *m, const struct users *users,
			cli_visit_fn *visit, void *arg)
{
	const bool files = cli_maildrop_in_files(m->settings);
	const struct user *user;
	bool good = true;

	for (size_t i = 0; (user = users_at(users, i)); i++) {
		char name[256];

		if (!span_copy(user->name, name, sizeof name))
			continue;
		m->name = name;
		if (files ? cli_maildrop_of(m, user) : cli_maildrop_find(m, name))
			visit(arg);
		else
			good = false;
	}
	m->name = NULL;
	return good;
}

bool cli_maildrop_all(struct cli_maildrop *m, cli_visit_fn *visit, void *arg)
{
	struct users *users;
	unsigned number = 0;
	bool good = true;

	while ((users = cli_maildrop_users(m->settings, &number))) {
		good = visit_users(m, users, visit, arg) && good;
		users_free(users);
	}
	if (!cli_maildrop_in_files(m->settings))
		cli_say("users of other databases than users files are visited only "
			"when they are named",
			NULL);
	return good;
}

/* ---- as its owner ---- */

int cli_maildrop_dir(const struct cli_maildrop *m, struct why *why)
{
	int dir = file_open_beneath(m->opening.place.root, m->path,
				    O_RDONLY | O_DIRECTORY);

	if (dir < 0)
		fault_set(why, FAULT_SETUP, errno, "open", m->path);
	return dir;
}

bool cli_maildrop_as_owner(const struct cli_maildrop *m, cli_task_fn *task, void *arg)
{
	return cli_maildrop_as_owner_for(m, CLI_TASK_MS, task, arg);
}

bool cli_maildrop_as_owner_for(const struct cli_maildrop *m, unsigned ms,
			       cli_task_fn *task, void *arg)
{
	struct why why = { 0 };
	struct stat st;
	OWN_FD dir = cli_maildrop_dir(m, &why);

	if (dir < 0 || fstat(dir, &st) < 0) {
		cli_complain(&why);
		return false;
	}
	if (geteuid() == 0 && st.st_uid == 0) {
		cli_say("this Maildir belongs to root, and Poplar never works as root",
			m->path);
		return false;
	}
	return cli_run_for((struct ids){ st.st_uid, st.st_gid }, ms, task, arg);
}

bool cli_maildrop_ready(struct cli_maildrop *m)
{
	m->opening.place.path = m->path;
	m->opening.process.locks = store_locks_new(1, m->settings->lock_wait);
	if (m->opening.process.locks && store_start())
		return true;
	cli_say("out of memory", NULL);
	return false;
}

struct maildrop *cli_maildrop_open(struct cli_maildrop *m, enum fault *out_fault)
{
	struct maildrop *opened = NULL;
	struct why why = { 0 };

	*out_fault = FAULT_NOMEM;
	if (!cli_maildrop_ready(m))
		return NULL;
	*out_fault = store_open(&m->opening, &opened, &why);
	if (*out_fault && *out_fault != FAULT_BUSY)
		cli_complain(&why);
	if (*out_fault)
		store_locks_free(TAKE(m->opening.process.locks));
	return opened;
}

void cli_maildrop_close(struct cli_maildrop *m, struct maildrop *maildrop)
{
	store_close(maildrop);
	store_locks_free(TAKE(m->opening.process.locks));
}

bool cli_maildrop_renew(void *arg)
{
	struct cli_maildrop *m = arg;
	enum fault f;

	m->opening.use.index = STORE_INDEX_RENEW;
	struct maildrop *opened = cli_maildrop_open(m, &f);
	if (f == FAULT_BUSY)
		cli_say(fault_text(f), m->name);
	if (!opened)
		return false;
	const bool good = opened->trouble.fault == FAULT_NONE;
	if (good)
		printf("%" PRIu32 " messages, %" PRIu64 " octets\n",
		       opened->listing.count, opened->listing.octets);
	else
		cli_complain(&opened->trouble);
	cli_maildrop_close(m, opened);
	return fflush(stdout) == 0 && good;
}
