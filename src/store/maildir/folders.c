/* store/maildir/folders.c - finds and creates the folders of a Maildir.
 *
 * Prefix: maildir_.
 */
#include "store/maildir/folders.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/own.h"
#include "store/fault.h"
#include "store/home.h"
#include "sys/file.h"

/* Open the first `len` octets of the path as a folder. */
static int open_start(const struct store_opening *o, size_t len)
{
	char text[PATH_MAX] = ".";

	if (len > 0 &&
	    !span_copy((struct span){ o->place.path, len }, text, sizeof text)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return file_open_beneath(o->place.root, text, O_RDONLY | O_DIRECTORY);
}

static size_t home_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) : 0;
}

/* If the home has no Maildir, no mail has come yet. If the home is missing, its disk
 * is perhaps not mounted: an empty maildrop would make clients forget what they have,
 * and fetch all mail again. So a home is created only if use.makes_home says so. */
static int open_home(const struct store_opening *o, bool *out_made)
{
	const struct span home = { o->place.path, home_len(o->place.path) };
	int fd = open_start(o, home.len);

	*out_made = fd < 0 && errno == ENOENT && o->use.makes_home;
	return *out_made ? store_make_home(o->place.root, home) : fd;
}

static int make_dir(const struct store_opening *o, bool *out_new_home)
{
	const char *slash = strrchr(o->place.path, '/');
	const char *name = slash ? slash + 1 : o->place.path;
	OWN_FD parent = open_home(o, out_new_home);

	if (parent < 0 || (mkdirat(parent, name, 0700) < 0 && errno != EEXIST))
		return -1;
	return file_open_beneath(parent, name, O_RDONLY | O_DIRECTORY);
}

static int open_folder(const struct store_opening *o)
{
	return file_open_beneath(o->place.root, o->place.path, O_RDONLY | O_DIRECTORY);
}

enum fault maildir_open_folder(const struct store_opening *o,
			       struct maildir_folder *out, struct why *why)
{
	*out = (struct maildir_folder){ .fd = open_folder(o) };
	if (out->fd < 0 && errno == ENOENT && !o->use.as_is)
		out->fd = make_dir(o, &out->has_new_home);
	if (out->fd < 0)
		return fault_set(why, store_fault(errno), errno, "open Maildir",
				 o->place.path);
	return FAULT_NONE;
}

enum fault maildir_find_folder(const struct store_opening *o, int *out, struct why *why)
{
	*out = open_folder(o);
	if (*out < 0 && errno == ENOENT && !o->use.makes_home) {
		OWN_FD home = open_start(o, home_len(o->place.path));

		if (home >= 0)
			return FAULT_NONE;
	}
	if (*out < 0 && !(errno == ENOENT && o->use.makes_home))
		return fault_set(why, store_fault(errno), errno, "open Maildir",
				 o->place.path);
	return FAULT_NONE;
}

enum fault maildir_make_folders(int dir, const char *path, struct why *why)
{
	static const char *const folders[] = { "new", "cur", "tmp" };

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if (mkdirat(dir, folders[i], 0700) < 0 && errno != EEXIST)
			return fault_set(why, store_fault(errno), errno,
					 "make Maildir folders in", path);
	return FAULT_NONE;
}

/* Sync the folder that is the first `len` octets of the path. One that this process may
 * not read, as /home with mode 0711, belongs to somebody else, who has made what is in
 * it. -1 and errno. */
static int sync_start(const struct store_opening *o, size_t len)
{
	OWN_FD fd = open_start(o, len);

	if (fd < 0)
		return errno == EACCES ? 0 : -1;
	return fsync(fd);
}

enum fault maildir_sync_folders(const struct store_opening *o, struct why *why)
{
	const char *path = o->place.path;
	size_t len = strlen(path);

	for (;;) {
		if (sync_start(o, len) < 0)
			return fault_set(why, store_fault(errno), errno,
					 "sync folders above", path);
		if (len == 0)
			return FAULT_NONE;
		while (len > 0 && path[--len] != '/')
			;
	}
}
