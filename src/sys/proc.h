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

/* The first that a child does: nobody may look into it any more, and it becomes the
 * user and group that `ids`, its argv[2], names, without supplementary groups; NULL: it
 * stays who it is. Whom a process runs as may open it from the moment of execve(2) on,
 * so that it becomes that user only behind both. */
MUST_USE enum fault proc_begin(const char *ids, struct why *why);

/* Wait for a child of ours, at most `ms`. Its owner may stop it, or keep it waiting for
 * a file system of his own: then it is killed. NULL: it has ended, *out_status as
 * wait(2) has it; otherwise what has become of it. SIGCHLD must have been blocked since
 * before the child began. */
MUST_USE const char *proc_wait(pid_t pid, unsigned ms, int *out_status);

/* As root: keep only the capabilities that the parent of all needs, here and for
 * everything started from here; otherwise nothing. */
MUST_USE enum fault proc_keep_parent_capabilities(struct why *why);

/* The set of those, as bits, for whoever audits. */
uint64_t proc_parent_capabilities(void);

/* As root: from here on, the files that this thread makes belong to these from the
 * first moment, wherever they are made. To make them as root and give them away would
 * let who may write there put something else in their place in between. Otherwise
 * nothing.
 */
MUST_USE bool proc_make_as(uid_t uid, gid_t gid);

/* Allow as many descriptors as the hard limit lets us; returns how many that is. */
uint64_t proc_raise_descriptor_limit(void);

/* No core file of anything that saw a password. */
void proc_no_core(void);

/* As root: let this process and its children lock as much memory as they like. */
void proc_unlimit_locks(void);

/* The first system call without which nothing here works that this kernel has not, or
 * that a container forbids, with the version of Linux that brought it; NULL: none. */
const char *proc_kernel_lacks(void);

/* Keep all memory of this process, present and to come, from being swapped out. Only
 * where any amount may be locked: otherwise memory would seem to run out. */
void proc_lock_memory(void);

/* Keep this little of it from being swapped out in any case. */
void proc_lock(void *at, size_t len);

/* The time at which process `pid` started, in the kernel's ticks since boot, which
 * tells it from a later one of the same number; 0: there is no such process. */
uint64_t proc_started_at(pid_t pid);
