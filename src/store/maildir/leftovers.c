/* store/maildir/leftovers.c - removes what crashed deliveries have left in tmp.
 *
 * Prefix: maildir_.
 */
#include "store/maildir/leftovers.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/maildir/entries.h"

enum { LEFTOVER_SECONDS = 36 * 3600 };

static void remove_old(void *arg, int tmp, const struct dirent64 *entry)
{
	const time_t *now = arg;
	const char *name = entry->d_name;
	struct stat st;

	if (fstatat(tmp, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	    *now - st.st_atime > LEFTOVER_SECONDS &&
	    *now - st.st_mtime > LEFTOVER_SECONDS)
		unlinkat(tmp, name, 0);
}

void maildir_remove_leftovers(int dir)
{
	time_t now = time(NULL);

	if (!maildir_each_entry(dir, "tmp", false, remove_old, &now))
		return; /* a later delivery looks again */
}
