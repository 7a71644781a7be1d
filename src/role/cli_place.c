/* role/cli_place.c - the folders of a new user's mail, and whose they are.
 *
 * Floor 4 (role).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/place.h"
#include "base/own.h"
#include "role/cli.h"
#include "role/owner.h"
#include "sys/file.h"

struct making {
	int root;
	char path[PLACE_PATH_MAX];
};

/* Each folder on the way, none through a symbolic link. */
static bool make_maildir(void *arg)
{
	struct making *m = arg;
	struct span rest = span_of(m->path), part;
	OWN_FD at = file_open_beneath(m->root, ".", O_RDONLY | O_DIRECTORY);
	struct why why = { 0 };

	while (at >= 0 && rest.len > 0) {
		char name[NAME_MAX + 1];

		span_cut(&rest, '/', &part);
		if (part.len == 0)
			continue;
		if (!span_copy(part, name, sizeof name) ||
		    (mkdirat(at, name, 0700) < 0 && errno != EEXIST))
			break;
		int next = file_open_beneath(at, name, O_RDONLY | O_DIRECTORY);
		close(at);
		at = next;
	}
	if (at >= 0 && rest.len == 0 &&
	    (mkdirat(at, "new", 0700) == 0 || errno == EEXIST) &&
	    (mkdirat(at, "cur", 0700) == 0 || errno == EEXIST) &&
	    (mkdirat(at, "tmp", 0700) == 0 || errno == EEXIST))
		return true;
	fault_set(&why, FAULT_SETUP, errno, "make Maildir", m->path);
	cli_complain(&why);
	return false;
}

const char *cli_owner_wrong(const struct settings *s, const struct user *user,
			    struct cli_ids mail)
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
	struct cli_ids ids;
	struct why why = { 0 };

	if (!cli_find_ids(s->mail_user, &ids))
		return false;
	const char *wrong = cli_owner_wrong(s, user, ids);
	if (wrong) {
		cli_say(wrong, NULL);
		return false;
	}
	if (place_maildrop(user, s->mail_root, s->maildir, m.path, &why)) {
		cli_complain(&why);
		return false;
	}
	if (user->has_uid && user->has_gid)
		ids = (struct cli_ids){ user->uid, user->gid };
	OWN_FD root = open(s->mail_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0) {
		fault_set(&why, FAULT_SETUP, errno, "open mail-root", s->mail_root);
		cli_complain(&why);
		return false;
	}
	m.root = root;
	return cli_run_as(ids, make_maildir, &m);
}
