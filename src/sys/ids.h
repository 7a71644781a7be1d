/* sys/ids.h - the uid and gid that a process runs as.
 *
 * Prefix: ids_.
 */
#pragma once

#include <sys/types.h>

#include "base/span.h"

struct ids {
	uid_t uid;
	gid_t gid;
};

enum ids_found {
	IDS_FOUND,
	IDS_NO_USER,  /* errno says why; 0: there is no such user */
	IDS_NO_GROUP, /* the same for the group */
	IDS_ROOT,     /* the user is root */
};

/* The uid and gid of this process. */
struct ids ids_own(void);

/* Find the ids of a process that is to run as `user` and `group`. If `user` is empty,
 * the ids in *io_ids stay; if `group` is empty, the gid is that of the user. Without
 * root, every process runs as this one does: then *io_ids becomes ids_own(), and no
 * name is looked up. With IDS_NO_GROUP, *io_ids has the ids of the user; with
 * IDS_NO_USER, it is unchanged. Call it in one thread only. */
MUST_USE enum ids_found ids_find(const char *user, const char *group,
				 struct ids *io_ids);
