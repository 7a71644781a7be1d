/* cli/place.c - makes the folders of a new user's mail, and checks their owner.
 *
 * Prefix: cli_.
 */
#include "cli/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/place.h"
#include "base/own.h"
#include "cli/cli.h"
#include "sys/file.h"
#include "sys/owner.h"
#include "sys/proc.h"

struct making {
	int root;
	struct ids mail, owner;
	char path[PLACE_PATH_MAX];
};

/* Step from *io_at into its folder `part`, which is made if it is missing, but not
 * through a symbolic link. `rest` is the path below it: empty for the Maildir, which
 * its owner makes; one name for the home, which the owner may have no right to make;
 * longer for the folders above, which several users share. */
static bool go_into(const struct making *m, int *io_at, struct span part,
		    struct span rest)
{
	bool maildir = rest.len == 0, home = !memchr(rest.at, '/', rest.len);
	char name[NAME_MAX + 1];

	if (!span_copy(part, name, sizeof name) ||
	    !(maildir ? cli_become(m->owner)
		      : proc_make_as(home ? m->owner.uid : m->mail.uid,
				     home ? m->owner.gid : m->mail.gid)))
		return false;
	if (mkdirat(*io_at, name, maildir || home ? 0700 : 0711) < 0 && errno != EEXIST)
		return false;
	int next = file_open_beneath(*io_at, name, O_PATH | O_DIRECTORY);
	close(*io_at);
	*io_at = next;
	return next >= 0;
}

/* Can the owner reach the Maildir and write to it? */
static bool can_use(const struct making *m)
{
	OWN_FD there = file_open_beneath(m->root, m->path, O_RDONLY | O_DIRECTORY);

	return there >= 0 && faccessat(there, ".", R_OK | W_OK | X_OK, AT_EACCESS) == 0;
}

/* This runs in a process of its own, which may begin as root and ends as the owner. */
static bool make_maildir(void *arg)
{
	const struct making *m = arg;
	struct span rest = span_of(m->path), part;
	OWN_FD at = file_open_beneath(m->root, ".", O_PATH | O_DIRECTORY);
	struct why why = { 0 };
	bool ok = at >= 0;

	umask(0);
	while (ok && rest.len > 0) {
		span_cut(&rest, '/', &part);
		while (span_starts(rest, "/"))
			rest = span_after(rest, 1);
		ok = go_into(m, &at, part, rest);
	}
	if (ok && (mkdirat(at, "new", 0700) == 0 || errno == EEXIST) &&
	    (mkdirat(at, "cur", 0700) == 0 || errno == EEXIST) &&
	    (mkdirat(at, "tmp", 0700) == 0 || errno == EEXIST) && can_use(m))
		return true;
	fault_set(&why, FAULT_SETUP, errno, "make Maildir", m->path);
	cli_complain(&why);
	return false;
}

const char *cli_owner_wrong(const struct settings *s, const struct user *user,
			    struct ids mail)
{
	bool standard = !user->has_uid || (user->uid == mail.uid &&
					   (!user->has_gid || user->gid == mail.gid));

	if (standard)
		return NULL;
	if (!user->has_gid)
		return "a uid needs a gid beside it";
	if (owner_may_be(user->uid, user->gid, s->first_uid))
		return NULL;
	return geteuid() == 0 ? "no mail is kept by that uid and gid: see first-uid in "
				"poplar.conf(5)"
			      : "without root, mail must belong to our own uid and gid";
}

bool cli_make_place(const struct settings *s, const struct user *user)
{
	struct making m = { .root = -1 };
	struct why why = { 0 };

	if (!cli_find_ids(s->mail_user, &m.mail))
		return false;
	const char *wrong = cli_owner_wrong(s, user, m.mail);
	if (wrong) {
		cli_say(wrong, NULL);
		return false;
	}
	if (place_maildrop(user, s->mail_root, s->maildir, m.path, &why)) {
		cli_complain(&why);
		return false;
	}
	m.owner = m.mail;
	if (user->has_uid && user->has_gid)
		m.owner = (struct ids){ user->uid, user->gid };
	OWN_FD root = open(s->mail_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0) {
		fault_set(&why, FAULT_SETUP, errno, "open mail-root", s->mail_root);
		cli_complain(&why);
		return false;
	}
	m.root = root;
	return cli_run_as(ids_own(), make_maildir, &m);
}
