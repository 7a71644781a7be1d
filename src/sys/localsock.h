/* sys/localsock.h - makes listening Unix sockets with an owner and a mode.
 *
 * Prefix: localsock_. As root, poplard may not write to folders of other users: it
 * makes and removes a socket as the user who owns the folder.
 */
#pragma once

#include <sys/types.h>

#include "base/fault.h"
#include "sys/ids.h"

/* The longest path, in octets. */
enum { LOCALSOCK_PATH_MAX = 107 };

/* Who may connect to a socket: those who may write to it. */
struct localsock_rights {
	bool has_owner; /* as root: `owner` becomes the socket's owner and group */
	struct ids owner;
	mode_t mode;
};

/* Which file a path names. All zero: none. */
struct localsock_file {
	dev_t device;
	ino_t inode;
};

/* Make a stream socket at `path` that listens: non-blocking, close-on-exec. Nobody can
 * connect before it has its rights. The socket of a program that has ended is
 * replaced. FAULT_IO, with errno in *why: EADDRINUSE, a program listens there; EEXIST,
 * the path names a file that is no socket; ENOENT, its folder does not exist. */
MUST_USE enum fault localsock_listen(const char *path,
				     const struct localsock_rights *rights, int *out_fd,
				     struct localsock_file *out_file, struct why *why);

/* Report what would keep localsock_listen from making a socket at `path`; nothing is
 * made. Rights to write to the folder are not checked. */
MUST_USE enum fault localsock_try(const char *path, struct why *why);

/* Give the socket at `path` these rights, if the path still names `file`. */
MUST_USE enum fault localsock_restrict(const char *path, struct localsock_file file,
				       const struct localsock_rights *rights,
				       struct why *why);

/* Remove the socket at `path`, if the path still names `file`. */
void localsock_remove(const char *path, struct localsock_file file);
