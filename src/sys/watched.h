/* sys/watched.h - a file that is read anew when it has changed.
 *
 * Prefix: watched_. Looking costs one stat. Not for several threads at
 * once.
 */
#pragma once

#include <sys/types.h>
#include <time.h>

#include "base/fault.h"

struct watched {
	int dir;          /* an open directory, the caller's; it must stay open */
	const char *name; /* in it, one component; the caller's */
	size_t most;      /* octets that it may have */

	struct why trouble; /* why it cannot be read as it is now; no fault: it can */

	/* the rest is watched.c's: what tells one state of the file from another */
	bool missing, settled;
	dev_t dev;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

enum watched_news {
	WATCHED_SAME,    /* as when it was looked at last */
	WATCHED_TEXT,    /* it may have changed: here it is */
	WATCHED_TROUBLE, /* it can't be read any more: told once for each change */
};

/* Look at the file. *out is malloc'ed, ends with a NUL that *out_len does not count,
 * and is the caller's; written with WATCHED_TEXT only. */
MUST_USE enum watched_news watched_look(struct watched *w, char **out, size_t *out_len);

/* What was read is of no use: that is its trouble until the file changes; or until the
 * next look, when only memory was lacking. */
void watched_refuse(struct watched *w, const struct why *why);
