/* rundir/state.h - the file in the run directory that says who runs.
 *
 * Prefix: statefile_.
 */
#pragma once

#include <sys/types.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/roles.h"
#include "sys/sandbox.h"

#define STATEFILE_NAME "state"

struct statefile_entry {
	enum role role;
	enum sandbox box; /* its walls */
	pid_t pid;
	uint64_t started; /* proc_started_at() */
	uid_t uid;
	gid_t gid;
	unsigned generation;
	int abi; /* of Landlock, as the process reported */
};

struct statefile {
	struct statefile_entry *at;
	size_t count;
	char *text; /* all of it */
	size_t len;
};

void statefile_put(struct buf *b, const struct statefile_entry *e);

/* A port that is open, by its name in the settings. */
void statefile_put_port(struct buf *b, const char *name, bool tls);
bool statefile_has_port(const struct statefile *file, const char *name, bool tls);

/* FAULT_IO: there is none, or it can't be read; a line that is none of ours is passed
 * over. */
MUST_USE enum fault statefile_read(int run_dir, struct statefile *out);

/* The same of what stands in a file: `text` is malloc'ed, and *out's from now on, in
 * any case. FAULT_NOMEM. */
MUST_USE enum fault statefile_parse(char *text, size_t len, struct statefile *out);
void statefile_done(struct statefile *file);
