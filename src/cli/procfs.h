/* cli/procfs.h - what the kernel shows of processes in /proc.
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

/* False: there is no such process. */
MUST_USE bool procfs_facts(pid_t pid, struct procfs_facts *out);

/* Take all but `dumpable` from the text of /proc/PID/status. What is missing or
 * malformed is 0; an id then is UINT64_MAX. */
void procfs_parse_status(struct span text, struct procfs_facts *out);

/* The flags of open(2) of the descriptor `name` of a process. O_RDWR, the most that it
 * can be, if the kernel does not tell. */
int procfs_open_flags(pid_t pid, const char *name);

/* The same, from the text of /proc/PID/fdinfo/NAME. */
int procfs_parse_flags(struct span text);

/* ---- sockets ---- */

/* Sockets of this network name space, by inode. Start with all zero. */
struct procfs_sockets {
	struct procfs_socket {
		uint64_t inode;
		enum sandbox_kind kind;
	} * at;
	size_t count, room;
};

/* The columns of a table of sockets, from 0. */
struct procfs_columns {
	int inode;
	int state; /* -1: none, all sockets are local */
};

/* Add the sockets of the kernel's tables. If memory runs out, some are missing. */
void procfs_sockets(struct procfs_sockets *s);
void procfs_sockets_done(struct procfs_sockets *s);

/* Add the sockets of one table, such as the text of /proc/net/tcp. */
void procfs_parse_sockets(struct span text, struct procfs_columns columns,
			  struct procfs_sockets *s);

/* SANDBOX_KIND_OTHER: no table has it. */
enum sandbox_kind procfs_socket_kind(const struct procfs_sockets *s, uint64_t inode);
