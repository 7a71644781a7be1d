/* sys/proc.h - starts processes, and gives up rights.
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
	bool change_ids;  /* argv[2] is "UID:GID", for proc_begin() */
	uid_t uid;
	gid_t gid;
};

/* Start a child with an empty environment, standard input from /dev/null, no other
 * descriptors than those of *start, and default signals. The executable is run by its
 * descriptor, so the child needs no right to the executable's folder. Returns the pid,
 * or -1 and errno if fork fails. If something fails in the child, it logs that and ends
 * with status 71. */
pid_t proc_start(const struct proc_start *start);

/* A child calls this first. Make the process undumpable, and then change to the user
 * and group of `ids`, its argv[2], without supplementary groups; NULL: keep the ids.
 * The order matters: a process of the same user could read the memory of a dumpable
 * one. */
MUST_USE enum fault proc_begin(const char *ids, struct why *why);

/* Wait for a child for at most `ms` milliseconds, then kill it: its user may have
 * stopped it, or may make it wait for a file system. NULL: the child has ended by
 * itself, with *out_status of wait(2). Otherwise returns a text that says what went
 * wrong. The caller has blocked SIGCHLD before starting the child. */
MUST_USE const char *proc_wait(pid_t pid, unsigned ms, int *out_status);

/* As root: drop all capabilities that poplard does not need, for this process and all
 * that it starts. As another user: do nothing. */
MUST_USE enum fault proc_keep_parent_capabilities(struct why *why);

/* The capabilities that poplard keeps, as bits, for poplar audit. */
uint64_t proc_parent_capabilities(void);

/* As root: make files that this thread creates from here on belong to uid and gid from
 * the first moment. If root created them and then changed their owner, other users with
 * write access to the folder could replace them in between. As another user: do
 * nothing. False: the kernel refuses. */
MUST_USE bool proc_make_as(uid_t uid, gid_t gid);

/* Raise the limit of descriptors to the hard limit, and return it. */
uint64_t proc_raise_descriptor_limit(void);

/* Turn core files off, since memory may hold passwords. */
void proc_no_core(void);

/* As root: let this process and its children lock any amount of memory. */
void proc_unlimit_locks(void);

/* The first required system call that this kernel lacks or a container forbids, as a
 * text with the version of Linux that brought it. NULL: all of them work. */
const char *proc_kernel_lacks(void);

/* Lock all memory of this process, present and future, so that it is never swapped out.
 * If the amount of locked memory is limited, do nothing, since allocations would fail.
 */
void proc_lock_memory(void);

/* Lock these octets, so that they are not swapped out; without effect if the limit
 * forbids it. */
void proc_lock(void *at, size_t len);

/* The start time of process `pid`, in the kernel's ticks since boot: it distinguishes
 * the process from a later one with the same pid. 0: there is no such process. */
uint64_t proc_started_at(pid_t pid);
