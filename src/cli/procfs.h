/* cli/procfs.h - reads what the kernel shows of processes in /proc.
 *
 * Prefix: procfs_.
 */
#pragma once

#include <sys/types.h>

#include "base/span.h"
#include "sys/sandbox.h"

/* ---- a process ---- */

struct procfs_facts {
	uint64_t uid[4], gid[4]; /* real, effective, saved, of file systems */
	uint64_t caps_now, caps_may, caps_bound; /* effective, permitted, bounding */
	uint64_t no_new_privs, seccomp, filters;
	bool dumpable;
};

/* Read the facts about a process. False: no such process runs. */
MUST_USE bool procfs_facts(pid_t pid, struct procfs_facts *out);

/* Parse the text of /proc/PID/status: fill in all but `dumpable`. A missing or
 * malformed value becomes 0, a missing or malformed id UINT64_MAX. */
void procfs_parse_status(struct span text, struct procfs_facts *out);

/* The flags of open(2) of a process's descriptor; `name` is its number, as in
 * /proc/PID/fdinfo. If the kernel does not show them, O_RDWR, which allows most. */
int procfs_open_flags(pid_t pid, const char *name);

/* The same, from the text of /proc/PID/fdinfo/NAME. */
int procfs_parse_flags(struct span text);

/* ---- sockets ---- */

/* The sockets of this network name space, by inode. Begin with all zero. */
struct procfs_sockets {
	struct procfs_socket {
		uint64_t inode;
		enum sandbox_kind kind;
	} * at;
	size_t count, room;
};

/* Which columns (from 0) of a table of sockets have these values. */
struct procfs_columns {
	int inode;
	int state; /* -1: the table has no such column, and all its sockets are local */
};

/* Add the sockets of all tables of the kernel. If memory runs out, some are missing. */
void procfs_sockets(struct procfs_sockets *s);
void procfs_sockets_done(struct procfs_sockets *s);

/* Add the sockets of one table, such as the text of /proc/net/tcp. */
void procfs_parse_sockets(struct span text, struct procfs_columns columns,
			  struct procfs_sockets *s);

/* The kind of the socket with this inode. SANDBOX_KIND_OTHER: no table has it. */
enum sandbox_kind procfs_socket_kind(const struct procfs_sockets *s, uint64_t inode);
