/* store/maildir/leftovers.c - removes what crashed deliveries have left in tmp.
 *
 * Prefix: maildir_.
 */
#include "store/maildir/leftovers.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buf.h"
#include "base/own.h"
#include "sys/file.h"

enum { LEFTOVER_SECONDS = 36 * 3600, DIRENTS_OCTETS = 32768 };

static void remove_old(int tmp, const char *name, time_t now)
{
	struct stat st;

	if (fstatat(tmp, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	    now - st.st_atime > LEFTOVER_SECONDS &&
	    now - st.st_mtime > LEFTOVER_SECONDS)
		unlinkat(tmp, name, 0);
}

void maildir_remove_leftovers(int dir)
{
	ROOM _Alignas(struct dirent64) char room[DIRENTS_OCTETS];
	OWN_FD tmp = file_open_beneath(dir, "tmp", O_RDONLY | O_DIRECTORY);
	const time_t now = time(NULL);
	ssize_t len;

	while (tmp >= 0 && (len = getdents64(tmp, room, sizeof room)) > 0)
		for (ssize_t at = 0; at < len;) {
			const struct dirent64 *d = (const struct dirent64 *)(room + at);

			at += d->d_reclen;
			if (d->d_name[0] != '.')
				remove_old(tmp, d->d_name, now);
		}
}
