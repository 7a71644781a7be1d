/* store/maildir/entries.c - reads the entries of a folder.
 *
 * Prefix: maildir_.
 */
#include "store/maildir/entries.h"

#include <fcntl.h>

#include "base/buf.h"
#include "base/own.h"
#include "sys/file.h"

enum { DIRENTS_OCTETS = 32768 };

static bool is_meant(const char *name, bool hidden)
{
	return name[0] != '.' ||
	       (hidden && strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
}

bool maildir_each_entry(int dir, const char *name, bool hidden, maildir_entry_fn *act,
			void *arg)
{
	ROOM _Alignas(struct dirent64) char room[DIRENTS_OCTETS];
	OWN_FD fd = file_open_beneath(dir, name, O_RDONLY | O_DIRECTORY);
	ssize_t len = -1;

	while (fd >= 0 && (len = getdents64(fd, room, sizeof room)) > 0)
		for (ssize_t at = 0; at < len;) {
			const struct dirent64 *d = (const struct dirent64 *)(room + at);

			at += d->d_reclen;
			if (is_meant(d->d_name, hidden))
				act(arg, fd, d);
		}
	return len == 0;
}
