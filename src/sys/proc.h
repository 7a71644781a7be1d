/* sys/proc.h - starting processes and giving up rights.
 *
 * Prefix: proc_.
 */
#pragma once

#include <sys/types.h>

#include "base/fault.h"

enum {
	PROC_CHANNEL_FD = 3, /* where a child finds its channel to the parent */
	PROC_IDS_MAX = 32,   /* "1000:1000" */
};

struct proc_start {
	int exe;          /* descriptor of the executable */
	const char *name; /* argv[0] */
	const char *arg;  /* argv[1] */
	int channel;      /* becomes PROC_CHANNEL_FD */
	int log;          /* becomes standard output and standard error */
	bool change_ids;  /* argv[2] tells uid and gid, which proc_begin() takes on */
	uid_t uid;
	gid_t gid;
};

/* Start a child: an empty environment, standard input from /dev/null, no other
 * descriptor, default signals. The executable is reached by descriptor, so that the
 * child needs no right to its folder. Returns the pid, or -1 with errno when fork
 * fails; what goes wrong in the child is told to its log and ends it with status 71. */
pid_t proc_start(const struct proc_start *start);

/* A child calls this first. It makes the process undumpable, and then takes on the user
 * and group of `ids`, its argv[2], without supplementary groups; NULL: it keeps its
 * ids. A process of the same user could look into it from execve(2) on, so that it
 * changes its ids only after both. */
MUST_USE enum fault proc_begin(const char *ids, struct why *why);

/* Wait for a child, at most `ms`, and kill it after that: its owner may have stopped
 * it, or keep it waiting for a file system. NULL: it has ended, and *out_status is that
 * of wait(2). Otherwise returns what has become of it. SIGCHLD must be blocked from
 * before the start of the child. */
MUST_USE const char *proc_wait(pid_t pid, unsigned ms, int *out_status);

/* As root: drop all capabilities but those that poplard needs, for this process and all
 * that it starts. As another user: do nothing. */
MUST_USE enum fault proc_keep_parent_capabilities(struct why *why);

/* The capabilities that poplard keeps, as bits, for poplar audit. */
uint64_t proc_parent_capabilities(void);

/* As root: files that this thread creates from here on belong to uid and gid from the
 * first moment. If root created them and gave them away, others with write access to
 * the folder could replace them in between. As another user: do nothing. */
MUST_USE bool proc_make_as(uid_t uid, gid_t gid);

/* Raise the limit of descriptors to the hard limit, and return it. */
uint64_t proc_raise_descriptor_limit(void);

/* Turn core files off, since memory may hold passwords. */
void proc_no_core(void);

/* As root: let this process and its children lock any amount of memory. */
void proc_unlimit_locks(void);

/* The first required system call that this kernel lacks, or that a container forbids,
 * with the version of Linux that brought it; NULL: the kernel has all of them. */
const char *proc_kernel_lacks(void);

/* Lock all memory of this process, present and future, so that it is never swapped out.
 * Does nothing if the amount is limited, since allocations would fail then. */
void proc_lock_memory(void);

/* Lock these octets, whatever the limit. */
void proc_lock(void *at, size_t len);

/* The start time of process `pid`, in the kernel's ticks since boot: it distinguishes
 * the process from a later one with the same pid. 0: there is no such process. */
uint64_t proc_started_at(pid_t pid);
