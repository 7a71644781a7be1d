/* sys/file.c - opens, reads and replaces files of operators and users, without
 * following symbolic links.
 *
 * Prefix: file_.
 */
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/buf.h"
#include "base/own.h"

static int open_beneath(int dir, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)flags | O_CLOEXEC,
		.mode = mode,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
			   RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
}

int file_open_beneath(int dir, const char *path, int flags)
{
	return open_beneath(dir, path, flags, 0);
}

int file_create_beneath(int dir, const char *path, mode_t mode)
{
	return open_beneath(dir, path, O_RDWR | O_CREAT | O_EXCL, mode);
}

enum fault file_read_all(int fd, size_t max, char **out, size_t *out_len,
			 const char *name, struct why *why)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fault_set(why, FAULT_IO, errno, "stat", name);
	if (!S_ISREG(st.st_mode))
		return fault_set(why, FAULT_SETUP, EINVAL, "read", name);
	if ((uint64_t)st.st_size > max)
		return fault_set(why, FAULT_SETUP, EFBIG, "read", name);

	OWN_TEXT text = malloc((size_t)st.st_size + 1);
	size_t len = 0;
	ssize_t n = 1;

	if (!text)
		return fault_set(why, FAULT_NOMEM, 0, "read", name);
	while (len < (size_t)st.st_size && n > 0) {
		n = pread(fd, text + len, (size_t)st.st_size - len, (off_t)len);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			return fault_set(why, FAULT_IO, errno, "read", name);
		else
			len += (size_t)n;
	}
	text[len] = '\0';
	*out = TAKE(text);
	*out_len = len;
	return FAULT_NONE;
}

int file_write_all(int fd, const void *at, size_t len)
{
	const char *octets = at;

	while (len > 0) {
		ssize_t n = write(fd, octets, len);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			octets += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int file_memory(const char *name)
{
	return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

int file_seal(int fd)
{
	return fcntl(fd, F_ADD_SEALS,
		     F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
}

int file_sealed(const char *name, struct span contents)
{
	OWN_FD fd = file_memory(name);

	if (fd < 0 || file_write_all(fd, contents.at, contents.len) < 0 ||
	    file_seal(fd) < 0)
		return -1;
	return TAKE_FD(fd);
}

/* Only files in memory have seals. */
bool file_is_memory(int fd)
{
	return fcntl(fd, F_GET_SEALS) >= 0;
}

/* The kernel's numbers of local file systems. overlayfs counts as one. */
bool file_is_local(int fd)
{
	static const unsigned local[] = {
		EXT4_SUPER_MAGIC,     XFS_SUPER_MAGIC,       BTRFS_SUPER_MAGIC,
		F2FS_SUPER_MAGIC,     OVERLAYFS_SUPER_MAGIC, TMPFS_MAGIC,
		RAMFS_MAGIC,          REISERFS_SUPER_MAGIC,  NILFS_SUPER_MAGIC,
		0x2fc12fc1 /* ZFS */, 0x3153464a /* JFS */,  0xca451a4e /* bcachefs */,
	};
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	for (size_t i = 0; i < sizeof local / sizeof *local; i++)
		if ((unsigned)fs.f_type == local[i])
			return true;
	return false;
}

/* Give the new file the old one's mode and owner, as far as this process may. -1 and
 * errno if the old one is no regular file: a link could lead to a place where somebody
 * else wants this process to write. */
static int copy_mode(int fd, int dir, const char *name, mode_t mode)
{
	struct stat old;

	if (fstatat(dir, name, &old, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? fchmod(fd, mode) : -1;
	if (!S_ISREG(old.st_mode)) {
		errno = S_ISLNK(old.st_mode) ? ELOOP : EINVAL;
		return -1;
	}
	if (fchown(fd, old.st_uid, old.st_gid) < 0 && geteuid() == 0)
		return -1;
	return fchmod(fd, old.st_mode & 07777);
}

enum fault file_replace(int dir, const char *name, struct span contents, mode_t mode,
			bool durable, struct why *why)
{
	char room[NAME_MAX + 1];
	struct buf temporary = BUF(room);

	buf_char(&temporary, '.');
	buf_text(&temporary, name);
	buf_text(&temporary, ".new");
	const char *new = buf_cstr(&temporary);
	if (temporary.cut)
		return fault_set(why, FAULT_SETUP, ENAMETOOLONG, "replace", name);

	if (unlinkat(dir, new, 0) < 0 && errno != ENOENT)
		return fault_set(why, FAULT_IO, errno, "remove old temporary file",
				 new);
	OWN_FD fd = openat(dir, new,
			   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fault_set(why, FAULT_IO, errno, "create", new);
	if (copy_mode(fd, dir, name, mode) < 0 ||
	    file_write_all(fd, contents.at, contents.len) < 0 ||
	    (durable && fsync(fd) < 0) || renameat(dir, new, dir, name) < 0) {
		fault_set(why, FAULT_IO, errno, "replace", name);
		unlinkat(dir, new, 0);
		return FAULT_IO;
	}
	if (durable && fsync(dir) < 0)
		return fault_set(why, FAULT_IO, errno, "sync directory of", name);
	return FAULT_NONE;
}

enum fault file_open_parent(const char *path, int *out_dir, const char **out_name,
			    struct why *why)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t len = slash == path ? 1 : (size_t)(name - path);
	char room[PATH_MAX];

	if (*name == '\0' || len >= sizeof room)
		return fault_set(why, FAULT_SETUP, EINVAL, "open directory of", path);
	memcpy(room, len ? path : ".", len ? len : 1);
	room[len ? len : 1] = '\0';
	*out_dir = open(room, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*out_dir < 0)
		return fault_set(why, FAULT_IO, errno, "open directory", room);
	*out_name = name;
	return FAULT_NONE;
}
