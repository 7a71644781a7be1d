/* sys/localsock.c - makes listening Unix sockets with an owner and a mode.
 *
 * Prefix: localsock_.
 */
#include "sys/localsock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/own.h"

enum { BACKLOG = 4096 };
_Static_assert(LOCALSOCK_PATH_MAX + 1 == sizeof((struct sockaddr_un *)0)->sun_path,
	       "a path and its NUL fill sun_path");

static bool address(const char *path, struct sockaddr_un *out)
{
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return span_copy(span_of(path), out->sun_path, sizeof out->sun_path);
}

static struct localsock_file file_of(const struct stat *st)
{
	return (struct localsock_file){ st->st_dev, st->st_ino };
}

static bool is_same(struct localsock_file a, struct localsock_file b)
{
	return a.device == b.device && a.inode == b.inode;
}

/* Work on files as this user, and not as root; -1: as before. Without root, both calls
 * change nothing. */
static uid_t act_as(uid_t uid)
{
	return (uid_t)setfsuid(uid);
}

/* The owner of the folder that `path` lies in. False: see errno. */
static bool folder_owner(const char *path, uid_t *out)
{
	char folder[LOCALSOCK_PATH_MAX + 1];
	struct stat st;

	if (!span_copy(span_of(path), folder, sizeof folder)) {
		errno = ENAMETOOLONG;
		return false;
	}
	char *slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	if (stat(folder, &st) < 0)
		return false;
	*out = st.st_uid;
	return true;
}

/* ---- making ---- */

/* Does a program listen at the socket? Its owner may connect to it. A full queue, or a
 * socket of another type, has a program, too. */
static bool is_alive(const struct sockaddr_un *at, const struct stat *st)
{
	OWN_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const uid_t before = act_as(st->st_uid);
	const bool refused = connect(fd, (const struct sockaddr *)at, sizeof *at) < 0 &&
			     errno == ECONNREFUSED;

	act_as(before);
	return !refused;
}

/* Is there nothing at the address, or the socket of a program that has ended? False:
 * see errno. */
static bool is_free(const struct sockaddr_un *at, bool *out_is_stale)
{
	struct stat st;

	*out_is_stale = false;
	if (lstat(at->sun_path, &st) < 0)
		return errno == ENOENT;
	*out_is_stale = S_ISSOCK(st.st_mode) && !is_alive(at, &st);
	errno = S_ISSOCK(st.st_mode) ? EADDRINUSE : EEXIST;
	return *out_is_stale;
}

/* Remove the socket of a program that has ended. False: see errno. */
static bool make_way(const struct sockaddr_un *at)
{
	bool is_stale;

	return is_free(at, &is_stale) && (!is_stale || unlink(at->sun_path) == 0);
}

enum fault localsock_try(const char *path, struct why *why)
{
	struct sockaddr_un at;
	uid_t folder;
	bool is_stale;

	if (!folder_owner(path, &folder) || !address(path, &at) ||
	    !is_free(&at, &is_stale))
		return fault_set(why, FAULT_IO, errno, "listen on", path);
	return FAULT_NONE;
}

enum fault localsock_listen(const char *path, const struct localsock_rights *rights,
			    int *out_fd, struct localsock_file *out_file,
			    struct why *why)
{
	struct sockaddr_un at;
	struct stat st;
	uid_t folder;
	OWN_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	/* Nobody may connect: the mode is set before the name exists. */
	if (fd < 0 || fchmod(fd, 0) < 0 || !folder_owner(path, &folder) ||
	    !address(path, &at))
		return fault_set(why, FAULT_IO, errno, "listen on", path);
	const uid_t before = act_as(folder);
	const bool ok = make_way(&at) &&
			bind(fd, (const struct sockaddr *)&at, sizeof at) == 0 &&
			listen(fd, BACKLOG) == 0 && lstat(path, &st) == 0;
	const int error = errno;
	act_as(before);
	if (!ok)
		return fault_set(why, FAULT_IO, error, "listen on", path);
	if (localsock_restrict(path, file_of(&st), rights, why)) {
		localsock_remove(path, file_of(&st));
		return why->fault;
	}
	*out_fd = TAKE_FD(fd);
	*out_file = file_of(&st);
	return FAULT_NONE;
}

/* ---- rights ---- */

/* The descriptor pins the socket: whoever owns the folder may put another file in its
 * place, such as a hard link to one of root's. chmod(2) takes a descriptor of the kind
 * O_PATH by its name in /proc alone. */
static bool restrict_pinned(int fd, const struct localsock_rights *rights)
{
	char name[32];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	const uid_t before = act_as(st.st_uid);
	const bool ok = chmod(name, rights->mode) == 0;
	const int error = errno;
	act_as(before);
	errno = error;
	return ok &&
	       (!rights->has_owner || fchownat(fd, "", rights->owner.uid,
					       rights->owner.gid, AT_EMPTY_PATH) == 0);
}

enum fault localsock_restrict(const char *path, struct localsock_file file,
			      const struct localsock_rights *rights, struct why *why)
{
	OWN_FD fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fault_set(why, FAULT_IO, errno, "open", path);
	if (!is_same(file_of(&st), file))
		return fault_set(why, FAULT_IO, EEXIST, "set the mode of", path);
	if (!restrict_pinned(fd, rights))
		return fault_set(why, FAULT_IO, errno, "set the owner and mode of",
				 path);
	return FAULT_NONE;
}

/* ---- the end ---- */

void localsock_remove(const char *path, struct localsock_file file)
{
	struct stat st;
	uid_t folder;

	if (!folder_owner(path, &folder))
		return;
	const uid_t before = act_as(folder);
	if (lstat(path, &st) == 0 && is_same(file_of(&st), file))
		unlink(path);
	act_as(before);
}
