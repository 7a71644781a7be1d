/* rundir/state.h - the file in the run directory that lists processes and ports.
 *
 * Prefix: statefile_. poplard writes the file; `poplar audit` and `poplar check` read
 * it, and so does the next poplard, to end processes that a killed one left behind. It
 * has one line for each process, "ROLE PID START-TICKS UID GID GENERATION
 * LANDLOCK-VERSION SANDBOX", one for each port, "SETTING NAME", and
 * "build VERSION HASH" for poplard's own version and sandbox_hash().
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
	enum sandbox sandbox;
	pid_t pid;
	uint64_t started; /* proc_started_at(): distinguishes it from a later process
			     with this pid */
	uid_t uid;
	gid_t gid;
	unsigned generation; /* 0: poplard itself */
	int abi;             /* version of Landlock; 0: none */
};

struct statefile {
	struct statefile_entry *at;
	size_t count;
	char *text; /* the whole file */
	size_t len;
};

/* Append the line of a process, of an open port, or of this build. */
void statefile_put(struct buf *b, const struct statefile_entry *e);
void statefile_put_port(struct buf *b, const char *setting, const char *name);
void statefile_put_build(struct buf *b);

/* Does the file list this port? */
bool statefile_has_port(const struct statefile *file, const char *setting,
			const char *name);

/* Has a poplard of this build written the file? Only then does the table of sandboxes
 * of this build hold for the processes in it. */
bool statefile_is_of_this_build(const struct statefile *file);

/* Read the file. Malformed lines are skipped. FAULT_IO: it is missing or cannot be
 * read. FAULT_NOMEM. statefile_done frees *out, also after a fault. */
MUST_USE enum fault statefile_read(int run_dir, struct statefile *out);

/* Parse the contents of the file. *out takes the ownership of `text`, which is
 * malloc'ed, also after a fault. FAULT_NOMEM. */
MUST_USE enum fault statefile_parse(char *text, size_t len, struct statefile *out);
void statefile_done(struct statefile *file);
