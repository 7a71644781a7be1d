/* sys/watched.h - reads a file again when it has changed.
 *
 * Prefix: watched_. A look at an unchanged file costs one stat. Only one thread at a
 * time may use a struct watched.
 */
#pragma once

#include <sys/types.h>
#include <time.h>

#include "base/fault.h"

/* The caller sets dir, name and most, and leaves the rest zero. */
struct watched {
	int dir;          /* an open folder, which the caller keeps open */
	const char *name; /* in dir, one component; the caller keeps it */
	size_t most;      /* the most octets that the file may have */

	struct why trouble; /* why the present state of the file cannot be used;
			       FAULT_NONE: it can */

	/* for watched.c: distinguishes one state of the file from another */
	bool missing, quiescent;
	dev_t dev;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

enum watched_news {
	WATCHED_SAME,    /* the file is as at the last look */
	WATCHED_TEXT,    /* the file may have changed: *out has its text */
	WATCHED_TROUBLE, /* the file cannot be read: `trouble`; returned once for each
			    change */
};

/* Look at the file. With WATCHED_TEXT, the caller frees *out, which ends with a NUL
 * that *out_len does not count; otherwise *out is untouched. */
MUST_USE enum watched_news watched_look(struct watched *w, char **out, size_t *out_len);

/* The caller cannot use the text: `trouble` becomes *why until the file changes or,
 * with FAULT_NOMEM, until the next look. */
void watched_refuse(struct watched *w, const struct why *why);
