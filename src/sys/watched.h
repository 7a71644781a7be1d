/* sys/watched.h - a file that is read again when it has changed.
 *
 * Prefix: watched_. A look costs one stat. One thread at a time.
 */
#pragma once

#include <sys/types.h>
#include <time.h>

#include "base/fault.h"

struct watched {
	int dir;          /* an open directory, the caller's; it must stay open */
	const char *name; /* in it, one component; the caller's */
	size_t most;      /* octets that it may have */

	struct why trouble; /* why its present state cannot be used; no fault: it can */

	/* watched.c's: distinguishes one state of the file from another */
	bool missing, quiescent;
	dev_t dev;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

enum watched_news {
	WATCHED_SAME,    /* as at the last look */
	WATCHED_TEXT,    /* the file may have changed: *out has its text */
	WATCHED_TROUBLE, /* it cannot be read; reported once for each change */
};

/* Look at the file. With WATCHED_TEXT, the caller frees *out, which ends with a NUL
 * that *out_len does not count; otherwise *out is untouched. */
MUST_USE enum watched_news watched_look(struct watched *w, char **out, size_t *out_len);

/* The text was unusable: `why` becomes the file's trouble until the file changes, or,
 * for FAULT_NOMEM, until the next look. */
void watched_refuse(struct watched *w, const struct why *why);
