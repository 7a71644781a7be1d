/* test/scratch.h - folders and descriptors that a test must not leave behind. */
#pragma once

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>

static inline int scratch_remove_one(const char *path, const struct stat *st, int kind,
				     struct FTW *where)
{
	(void)st, (void)kind, (void)where;
	return remove(path);
}

/* Remove the folder with all that it holds. 0, or -1 and errno. */
static inline int scratch_remove(const char *folder)
{
	return nftw(folder, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* How many descriptors this process has open; one is that of the count itself. 0: they
 * cannot be counted. */
static inline unsigned scratch_descriptors(void)
{
	DIR *all = opendir("/proc/self/fd");
	unsigned count = 0;

	if (!all)
		return 0;
	while (readdir(all))
		count++;
	closedir(all);
	return count;
}
