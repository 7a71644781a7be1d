/* sys/ids.c - the uid and gid that a process runs as.
 *
 * Prefix: ids_.
 */
#include "sys/ids.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

struct ids ids_own(void)
{
	return (struct ids){ geteuid(), getegid() };
}

static bool find_user(const char *name, struct ids *out)
{
	errno = 0;
	const struct passwd *pw = getpwnam(name);
	if (pw)
		*out = (struct ids){ pw->pw_uid, pw->pw_gid };
	return pw != NULL;
}

static bool find_group(const char *name, gid_t *out)
{
	errno = 0;
	const struct group *gr = getgrnam(name);
	if (gr)
		*out = gr->gr_gid;
	return gr != NULL;
}

enum ids_found ids_find(const char *user, const char *group, struct ids *io_ids)
{
	if (geteuid() != 0) {
		*io_ids = ids_own();
		return IDS_FOUND;
	}
	if (*user && !find_user(user, io_ids))
		return IDS_NO_USER;
	if (*group && !find_group(group, &io_ids->gid))
		return IDS_NO_GROUP;
	return io_ids->uid == 0 ? IDS_ROOT : IDS_FOUND;
}
