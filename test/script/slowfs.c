/* test/script/slowfs.c - a file system that waits when it is told to.
 *
 * slowfs FOLDER GATE [options of FUSE] MOUNTPOINT shows FOLDER. The file GATE holds a
 * part of a name: as long as it does, whoever reads or closes a file with it in its
 * path waits, and there is a file GATE.waiting.
 */
#define FUSE_USE_VERSION 31
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[PATH_MAX], gate[PATH_MAX], waiting[PATH_MAX];
static const char *gate_folder;

#define RESULT(r) ((r) < 0 ? -errno : 0)

static const char *real(const char *path, char room[2 * PATH_MAX])
{
	snprintf(room, 2 * PATH_MAX, "%s%s", folder, path);
	return room;
}

static int is_shut(const char *path)
{
	char part[NAME_MAX + 1] = "";
	int fd = open(gate, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, part, sizeof part - 1);

	if (fd >= 0)
		close(fd);
	return n > 0 && strstr(path, part) != NULL;
}

static void pass_gate(const char *path)
{
	char octets[4096];
	int changes = is_shut(path) ? inotify_init1(IN_CLOEXEC) : -1;

	if (changes < 0)
		return;
	inotify_add_watch(changes, gate_folder, IN_DELETE | IN_MOVED_TO);
	close(open(waiting, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	while (is_shut(path))
		if (read(changes, octets, sizeof octets) < 0)
			break;
	close(changes);
}

static void *begin(struct fuse_conn_info *conn, struct fuse_config *config)
{
	(void)conn;
	config->use_ino = 1;
	config->attr_timeout = config->entry_timeout = 0;
	return NULL;
}

static int do_getattr(const char *path, struct stat *out, struct fuse_file_info *fi)
{
	char room[2 * PATH_MAX];

	(void)fi;
	return RESULT(lstat(real(path, room), out));
}

static int do_readdir(const char *path, void *out, fuse_fill_dir_t fill, off_t at,
		      struct fuse_file_info *fi, enum fuse_readdir_flags flags)
{
	char room[2 * PATH_MAX];
	DIR *dir = opendir(real(path, room));
	struct dirent *d;

	(void)at, (void)fi, (void)flags;
	if (!dir)
		return -errno;
	while ((d = readdir(dir))) {
		struct stat st = { .st_ino = d->d_ino,
				   .st_mode = (mode_t)d->d_type << 12 };

		fill(out, d->d_name, &st, 0, 0);
	}
	closedir(dir);
	return 0;
}

static int do_mkdir(const char *path, mode_t mode)
{
	char room[2 * PATH_MAX];
	const struct fuse_context *who = fuse_get_context();

	if (mkdir(real(path, room), mode) < 0 || chown(room, who->uid, who->gid) < 0)
		return -errno;
	return 0;
}

static int do_chmod(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	char room[2 * PATH_MAX];

	(void)fi;
	return RESULT(chmod(real(path, room), mode));
}

static int do_chown(const char *path, uid_t uid, gid_t gid, struct fuse_file_info *fi)
{
	char room[2 * PATH_MAX];

	(void)fi;
	return RESULT(lchown(real(path, room), uid, gid));
}

static int do_unlink(const char *path)
{
	char room[2 * PATH_MAX];

	return RESULT(unlink(real(path, room)));
}

static int do_rename(const char *from, const char *to, unsigned flags)
{
	char a[2 * PATH_MAX], b[2 * PATH_MAX];

	return RESULT(renameat2(AT_FDCWD, real(from, a), AT_FDCWD, real(to, b), flags));
}

static int do_create(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	char room[2 * PATH_MAX];
	const struct fuse_context *who = fuse_get_context();
	int fd = open(real(path, room), (fi->flags & ~O_APPEND) | O_CREAT, mode);

	if (fd >= 0 && fchown(fd, who->uid, who->gid) < 0)
		perror("slowfs: chown");
	fi->fh = (uint64_t)fd;
	return fd < 0 ? -errno : 0;
}

static int do_open(const char *path, struct fuse_file_info *fi)
{
	char room[2 * PATH_MAX];
	int fd = open(real(path, room), fi->flags);

	fi->fh = (uint64_t)fd;
	return fd < 0 ? -errno : 0;
}

static int do_read(const char *path, char *out, size_t len, off_t at,
		   struct fuse_file_info *fi)
{
	ssize_t n;

	pass_gate(path);
	n = pread((int)fi->fh, out, len, at);
	return n < 0 ? -errno : (int)n;
}

static int do_write(const char *path, const char *in, size_t len, off_t at,
		    struct fuse_file_info *fi)
{
	ssize_t n = pwrite((int)fi->fh, in, len, at);

	(void)path;
	return n < 0 ? -errno : (int)n;
}

static int do_flush(const char *path, struct fuse_file_info *fi)
{
	(void)fi;
	pass_gate(path);
	return 0;
}

static int do_fsync(const char *path, int data, struct fuse_file_info *fi)
{
	(void)path, (void)data, (void)fi;
	return 0;
}

static int do_release(const char *path, struct fuse_file_info *fi)
{
	(void)path;
	return RESULT(close((int)fi->fh));
}

static const struct fuse_operations operations = {
	.init = begin,
	.getattr = do_getattr,
	.readdir = do_readdir,
	.mkdir = do_mkdir,
	.chmod = do_chmod,
	.chown = do_chown,
	.unlink = do_unlink,
	.rename = do_rename,
	.create = do_create,
	.open = do_open,
	.read = do_read,
	.write = do_write,
	.flush = do_flush,
	.fsync = do_fsync,
	.release = do_release,
};

int main(int argc, char **argv)
{
	if (argc < 4 || !realpath(argv[1], folder))
		return 64;
	snprintf(gate, sizeof gate, "%s", argv[2]);
	snprintf(waiting, sizeof waiting, "%s.waiting", argv[2]);
	gate_folder = dirname(strdup(gate));
	argv[2] = argv[0];
	return fuse_main(argc - 2, argv + 2, &operations, NULL);
}
