/* sys/calls.c - finds the numbers of system calls by name, on each architecture.
 *
 * Prefix: calls_.
 */
#include "sys/calls.h"

#include <seccomp.h>
#include <string.h>

/* The successor of a call, for architectures that lack the call; NULL: they need none.
 * A successor may have a successor of its own. */
static const struct {
	const char *name, *successor;
} successors[] = {
	{ "access", "faccessat" },
	{ "alarm", "setitimer" },
	{ "arch_prctl", NULL }, /* of x86 alone */
	{ "chmod", "fchmodat" },
	{ "chown", "fchownat" },
	{ "creat", "openat" },
	{ "dup2", "dup3" },
	{ "epoll_create", "epoll_create1" },
	{ "epoll_wait", "epoll_pwait" },
	{ "eventfd", "eventfd2" },
	{ "fork", "clone" },
	{ "fstat", "statx" },
	{ "futimesat", "utimensat" },
	{ "getdents", "getdents64" },
	{ "getpgrp", "getpgid" },
	{ "getrlimit", "prlimit64" },
	{ "lchown", "fchownat" },
	{ "link", "linkat" },
	{ "lstat", "newfstatat" },
	{ "mkdir", "mkdirat" },
	{ "newfstatat", "statx" },
	{ "open", "openat" },
	{ "pause", "ppoll" },
	{ "pipe", "pipe2" },
	{ "poll", "ppoll" },
	{ "readlink", "readlinkat" },
	{ "rename", "renameat" },
	{ "renameat", "renameat2" },
	{ "rmdir", "unlinkat" },
	{ "select", "pselect6" },
	{ "setrlimit", "prlimit64" },
	{ "stat", "newfstatat" },
	{ "symlink", "symlinkat" },
	{ "sync_file_range", "sync_file_range2" },
	{ "time", "gettimeofday" },
	{ "unlink", "unlinkat" },
	{ "utime", "utimensat" },
	{ "utimes", "utimensat" },
	{ "vfork", "clone" },
	{ "waitpid", "wait4" },
};
enum { COUNT = sizeof successors / sizeof *successors };

int calls_number(uint32_t arch, const char *name)
{
	while (name) {
		int number = seccomp_syscall_resolve_name_arch(arch, name);
		int i = 0;

		if (number >= 0)
			return number;
		while (i < COUNT && strcmp(successors[i].name, name) != 0)
			i++;
		if (i == COUNT)
			return CALLS_UNKNOWN;
		name = successors[i].successor;
	}
	return CALLS_NOT_NEEDED;
}
