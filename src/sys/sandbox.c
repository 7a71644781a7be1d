/* sys/sandbox.c - the table of what each process may do, and its enforcement.
 *
 * Prefix: sandbox_.
 */
#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/own.h"
#include "base/siphash.h"
#include "sys/calls.h"
#include "sys/landlock.h"

/* clang-format off */

/* Calls of a sanitizer's run time, in a build that has one. */
#ifdef POPLAR_SANITIZED
#define CALLS_SANITIZER "read", "sched_yield", "sched_getaffinity", "sigaltstack",
enum { IS_SANITIZED = 1 };
#else
#define CALLS_SANITIZER
enum { IS_SANITIZED = 0 };
#endif

/* Memory, descriptors at hand, clocks, waiting, an orderly or a disorderly end.
 * clock_gettime is for machines where it is a real call. */
#define CALLS_COMMON \
	CALLS_SANITIZER \
	"brk", "munmap", "mremap", "madvise", "futex", "close", "write", "writev", "pread64", \
	"sendmsg", "recvmsg", "newfstatat", "fstat", "epoll_wait", "epoll_pwait", "epoll_ctl", \
	"clock_gettime", "getrandom", "getpid", "gettid", "rt_sigaction", \
	"rt_sigprocmask", "rt_sigreturn", "restart_syscall", "exit", "exit_group"

/* Calls of a new thread. */
#define CALLS_THREADS "set_robust_list", "rseq"

/* Further calls of each sandbox, with a NULL at the end. Calls that are allowed with
 * certain arguments only have rules in allow_narrowly. */
static const char *const front_calls[] = {
	CALLS_COMMON, "accept4", "read", "recvfrom", "sendto", "sendfile", "shutdown",
	"preadv2", NULL,
};
static const char *const lmtp_calls[] = {
	CALLS_COMMON, "accept4", "read", "recvfrom", "sendto", "shutdown", "memfd_create",
	"pwrite64", NULL,
};
static const char *const auth_calls[] = {
	CALLS_COMMON, CALLS_THREADS, "openat", "shutdown", NULL,
};
static const char *const auth_gssapi_calls[] = {
	CALLS_COMMON, CALLS_THREADS, "openat", "shutdown", "access", "read", "getuid",
	"geteuid", NULL,
};
static const char *const drop_calls[] = {
	CALLS_COMMON, CALLS_THREADS, "openat2", "getdents64", "unlinkat", "mkdirat", "fsync",
	"flock", "memfd_create", "preadv2", "pwrite64", "renameat", "renameat2", "geteuid",
	"fstatfs", "statx", "read", "inotify_add_watch", "inotify_rm_watch", NULL,
};
/* SQLite: files, their locks, and checks that they are still the same. */
static const char *const lookup_file_calls[] = {
	CALLS_COMMON, "poll", "openat", "read", "lseek", "getcwd", "readlink", "lstat",
	"stat", "access", "faccessat2", "geteuid", "statx", "nanosleep", "clock_nanosleep", NULL,
};
/* libpq and libldap: connections, names, TLS and the files that it loads. */
static const char *const lookup_net_calls[] = {
	CALLS_COMMON, "poll", "ppoll", "select", "pselect6", "openat", "read", "lseek",
	"readlink", "stat", "lstat", "access", "faccessat2", "statx", "getcwd", "getdents64", "socket", "connect",
	"bind", "getsockname", "getpeername", "getsockopt", "setsockopt", "sendto", "recvfrom",
	"sendmmsg", "recvmmsg", "shutdown", "uname", "getuid", "geteuid", "getgid",
	"getegid", "getppid", "sysinfo", "time", "gettimeofday", "times", "getrusage", "pipe2",
	"eventfd2", NULL,
};
/* Calls of foreign modules and programs only. The parent's filter is inherited by them,
 * and therefore allows these calls. */
static const char *const foreign_calls[] = {
	"alarm", "capget", "capset", "chdir", "chmod", "chown", "clock_getres", "clock_nanosleep",
	"copy_file_range", "creat", "dup", "dup2", "dup3", "epoll_create", "epoll_create1",
	"epoll_pwait2", "eventfd", "eventfd2", "execve", "execveat", "fadvise64", "fallocate",
	"fchdir", "fchmodat", "fchownat", "fdatasync", "fgetxattr", "flock", "fork", "fstatfs",
	"ftruncate", "futimesat", "getdents", "getgroups", "getitimer", "getpgid", "getpgrp",
	"getpriority", "getresgid", "getresuid", "getrlimit", "getrusage", "getsid", "getpeername",
	"gettimeofday", "getxattr", "inotify_add_watch", "inotify_init1", "inotify_rm_watch",
	"lchown", "lgetxattr", "link", "linkat", "llistxattr", "membarrier", "mincore", "mkdir",
	"mlock", "mlock2", "mlockall", "msync", "munlock", "munlockall", "nanosleep", "pause",
	"pipe", "ppoll", "preadv", "pselect6", "pwrite64", "pwritev", "readahead", "readlinkat",
	"readv", "recvmmsg", "rename", "rmdir", "rseq", "rt_sigpending", "rt_sigsuspend",
	"rt_sigtimedwait", "sched_getparam", "sched_getscheduler", "select", "sendfile",
	"sendmmsg", "set_robust_list", "setfsgid", "setfsuid", "setgid", "setitimer", "setpgid",
	"setpriority", "setregid", "setreuid", "setsid", "setuid", "shmat", "shmctl", "shmdt",
	"shmget", "splice", "statfs", "symlink", "symlinkat", "sync_file_range", "tee",
	"timer_create", "timer_delete", "timer_gettime", "timer_settime", "timerfd_create",
	"timerfd_settime", "times", "tkill", "truncate", "utime", "utimensat", "utimes", "wait4",
	"waitid", "waitpid", NULL,
};
static const char *const parent_calls[] = {
	CALLS_COMMON, "tgkill",
	/* files: configuration, certificates, state */
	"read", "openat", "openat2", "lseek", "renameat", "renameat2", "unlinkat", "unlink", "mkdirat",
	"fsync", "fchmod", "fchown", "flock", "getdents64", "getcwd", "statx", "fcntl", "poll",
	"inotify_init1", "inotify_add_watch", "readlinkat", "memfd_create",
	/* sockets and signals */
	"socket", "socketpair", "bind", "listen", "setsockopt", "getsockopt", "getsockname",
	"connect", "sendto", "recvfrom", "shutdown", "signalfd4", "kill", "pidfd_open",
	/* children */
	"clone", "vfork", "wait4", "waitid", "dup2", "dup3", "dup", "close_range", "setgroups",
	"setresuid", "setresgid", "execveat", "prctl", "capget", "capset", "mmap", "mprotect",
	"ioctl", "umask",
	/* calls of a child from its start to its own sandbox: the dynamic linker, its loop,
	 * seccomp, Landlock */
	"arch_prctl", "set_tid_address", "prlimit64", "access", "faccessat2", "readlink",
	"getuid", "geteuid", "getgid", "getegid", "getresuid", "sysinfo", "uname", "seccomp",
	"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "getppid",
	"sched_setaffinity", "sched_getaffinity", "sched_yield", "sigaltstack", "open", "stat", "time", "getrlimit",
	"setrlimit", "epoll_create1", "eventfd2", "pipe2", NULL,
};

/* clang-format on */

#define HOLDS(kind)  (1u << SANDBOX_KIND_##kind)
#define HOLDS_COMMON (HOLDS(LOG) | HOLDS(NULL) | HOLDS(LOCAL))

static const struct {
	const char *const *calls;
	bool threads;      /* clone, for threads of its own */
	bool dir;          /* works beneath a directory of its own */
	bool connects;     /* makes TCP connections, and maps code that it finds */
	unsigned rights;   /* enum landlock_right, beneath that directory */
	unsigned may_hold; /* bits of enum sandbox_kind */
} table[SANDBOX_COUNT] = {
	[SANDBOX_PARENT] = { parent_calls, false, false, false, 0,
			     HOLDS_COMMON | HOLDS(LISTENER) | HOLDS(SIGNAL) |
				     HOLDS(DIR) | HOLDS(READ) | HOLDS(WATCH) |
				     HOLDS(CONNLIMIT) },
	[SANDBOX_FRONT] = { front_calls, false, false, false, 0,
			    HOLDS_COMMON | HOLDS(LISTENER) | HOLDS(CLIENT) |
				    HOLDS(EPOLL) | HOLDS(EVENT) | HOLDS(PIPE) |
				    HOLDS(MEMORY) | HOLDS(READ) },
	[SANDBOX_LMTP] = { lmtp_calls, false, false, false, 0,
			   HOLDS_COMMON | HOLDS(LISTENER) | HOLDS(CLIENT) |
				   HOLDS(EPOLL) | HOLDS(EVENT) | HOLDS(PIPE) |
				   HOLDS(MEMORY) | HOLDS(WRITE) },
	[SANDBOX_AUTH] = { auth_calls, true, true, false,
			   LANDLOCK_RIGHT_READ_FILE | LANDLOCK_RIGHT_READ_DIR,
			   HOLDS_COMMON | HOLDS(EPOLL) | HOLDS(DIR) | HOLDS(READ) },
	[SANDBOX_AUTH_GSSAPI] = { auth_gssapi_calls, true, true, false,
				  LANDLOCK_RIGHT_READ_FILE | LANDLOCK_RIGHT_READ_DIR,
				  HOLDS_COMMON | HOLDS(EPOLL) | HOLDS(DIR) |
					  HOLDS(READ) | HOLDS(MEMORY) },
	[SANDBOX_DROP] = { drop_calls, true, true, false,
			   LANDLOCK_RIGHT_READ_FILE | LANDLOCK_RIGHT_READ_DIR |
				   LANDLOCK_RIGHT_WRITE_FILE | LANDLOCK_RIGHT_MAKE_REG |
				   LANDLOCK_RIGHT_REFER | LANDLOCK_RIGHT_REMOVE_FILE |
				   LANDLOCK_RIGHT_MAKE_DIR,
			   HOLDS_COMMON | HOLDS(EPOLL) | HOLDS(DIR) | HOLDS(READ) |
				   HOLDS(WRITE) | HOLDS(MEMORY) | HOLDS(WATCH) },
	[SANDBOX_LOOKUP_FILE] = { lookup_file_calls, false, true, false,
				  LANDLOCK_RIGHT_READ_FILE | LANDLOCK_RIGHT_READ_DIR,
				  HOLDS_COMMON | HOLDS(DIR) | HOLDS(READ) },
	[SANDBOX_LOOKUP_NET] = { lookup_net_calls, false, true, true,
				 LANDLOCK_RIGHT_READ_FILE | LANDLOCK_RIGHT_READ_DIR,
				 HOLDS_COMMON | HOLDS(DIR) | HOLDS(READ) |
					 HOLDS(CLIENT) | HOLDS(PIPE) | HOLDS(EVENT) |
					 HOLDS(EPOLL) },
	[SANDBOX_LOOKUP_CODE] = { NULL, false, false, false, 0, ~0u },
};

const char *sandbox_name(enum sandbox sandbox)
{
	static const char *const names[SANDBOX_COUNT] = {
#define X(id, name) [SANDBOX_##id] = name,
		SANDBOX_TABLE(X)
#undef X
	};

	return names[sandbox];
}

enum sandbox sandbox_of(enum role role)
{
	static const enum sandbox of[ROLE_COUNT] = {
		[ROLE_PARENT] = SANDBOX_PARENT,      [ROLE_FRONT] = SANDBOX_FRONT,
		[ROLE_AUTH] = SANDBOX_AUTH,          [ROLE_DROP] = SANDBOX_DROP,
		[ROLE_LOOKUP] = SANDBOX_LOOKUP_CODE, [ROLE_LMTP] = SANDBOX_LMTP,
	};

	return of[role];
}

bool sandbox_filters(enum sandbox sandbox)
{
	return table[sandbox].calls != NULL;
}

const char *sandbox_kind_name(enum sandbox_kind kind)
{
	static const char *const names[SANDBOX_KIND_COUNT] = {
#define X(id, name) [SANDBOX_KIND_##id] = name,
		SANDBOX_KIND_TABLE(X)
#undef X
	};

	return names[kind];
}

bool sandbox_may_hold(enum sandbox sandbox, enum sandbox_kind kind)
{
	return table[sandbox].may_hold >> kind & 1;
}

uint64_t sandbox_hash(void)
{
	static const unsigned char key[SIPHASH_KEY_OCTETS];
	char room[1024];
	struct buf b = BUF(room);

	for (enum sandbox s = 0; s < SANDBOX_COUNT; s++) {
		buf_text(&b, sandbox_name(s));
		buf_char(&b, sandbox_filters(s) ? '+' : '-');
		buf_u64(&b, table[s].may_hold);
	}
	return siphash(key, buf_span(&b));
}

int sandbox_landlock_abi(void)
{
	return landlock_abi();
}

void sandbox_rules(enum sandbox sandbox, int abi, char *out, size_t room)
{
	char rights[256] = "none";

	if (table[sandbox].dir)
		landlock_text(abi, table[sandbox].rights, rights, sizeof rights);
	if (sandbox == SANDBOX_PARENT)
		snprintf(out, room, "none: its children need more than it does");
	else if (!table[sandbox].calls)
		snprintf(out, room,
			 "none, and no seccomp filter of its own: it runs "
			 "code that is not Poplar's");
	else if (abi == 0)
		snprintf(out, room, "none: this kernel has no Landlock");
	else
		snprintf(out, room, "version %d; files: %s%s; %s%s", abi, rights,
			 table[sandbox].dir ? " beneath its one directory" : "",
			 table[sandbox].connects ? "TCP connections"
			 : abi >= 4              ? "no new TCP"
						 : "TCP not covered",
			 abi >= 6 ? "; no signals or abstract sockets outside" : "");
}

/* ---- seccomp ---- */

/* Calls that this libseccomp does not know, and calls that this architecture does not
 * need, are skipped. */
static bool allow(scmp_filter_ctx ctx, const char *name)
{
	int number = calls_number(seccomp_arch_native(), name);

	return number < 0 || seccomp_rule_add(ctx, SCMP_ACT_ALLOW, number, 0) == 0;
}

static bool allow_if(scmp_filter_ctx ctx, const char *name, struct scmp_arg_cmp when)
{
	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW,
				      seccomp_syscall_resolve_name(name), 1,
				      &when) == 0;
}

bool sandbox_allows(enum sandbox sandbox, uint32_t arch, const char *call)
{
	const int number = seccomp_syscall_resolve_name_arch(arch, call);

	for (const char *const *name = table[sandbox].calls;
	     number >= 0 && name && *name; name++)
		if (calls_number(arch, *name) == number)
			return true;
	return false;
}

const char *sandbox_unknown(uint32_t arch)
{
	for (enum sandbox sandbox = 0; sandbox < SANDBOX_COUNT; sandbox++)
		for (const char *const *name = table[sandbox].calls; name && *name;
		     name++)
			if (calls_number(arch, *name) == CALLS_UNKNOWN)
				return *name;
	for (const char *const *name = foreign_calls; *name; name++)
		if (calls_number(arch, *name) == CALLS_UNKNOWN)
			return *name;
	return NULL;
}

static struct scmp_arg_cmp when_masked(unsigned arg, uint64_t mask, uint64_t value)
{
	return (struct scmp_arg_cmp){ arg, SCMP_CMP_MASKED_EQ, mask, value };
}

static struct scmp_arg_cmp when_is(unsigned arg, uint64_t value)
{
	return (struct scmp_arg_cmp){ arg, SCMP_CMP_EQ, value, 0 };
}

/* All commands but those by which the kernel sends signals to another process. */
static bool allow_fcntl(scmp_filter_ctx ctx)
{
	static const int commands[] = { F_DUPFD,     F_DUPFD_CLOEXEC, F_GETFD,
					F_SETFD,     F_GETFL,         F_SETFL,
					F_GETLK,     F_SETLK,         F_SETLKW,
					F_OFD_GETLK, F_OFD_SETLK,     F_OFD_SETLKW };
	bool ok = true;

	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		ok = ok && allow_if(ctx, "fcntl", when_is(1, (uint64_t)commands[i]));
	return ok;
}

/* The number of clone(2)'s argument with the flags. */
#ifdef __s390x__
enum { CLONE_FLAGS = 1 };
#else
enum { CLONE_FLAGS = 0 };
#endif

/* Calls that are allowed with certain arguments only: mmap, but not for executable
 * memory; clone, but only for threads; and so on. clone3 is not allowed, because a
 * filter cannot see its flags; the C library uses clone then. */
static bool allow_narrowly(scmp_filter_ctx ctx, enum sandbox sandbox)
{
	const uint64_t thread = CLONE_THREAD | CLONE_VM;
	const uint64_t own = (uint64_t)getpid();
	bool ok = allow_if(ctx, "mmap", when_masked(2, PROT_EXEC, 0)) &&
		  allow_if(ctx, "mprotect", when_masked(2, PROT_EXEC, 0)) &&
		  allow_if(ctx, "tgkill", when_masked(0, UINT32_MAX, own));

	/* The C library loads modules that resolve names: executable, never writable.
	 */
	if (ok && table[sandbox].connects)
		ok = allow_if(ctx, "mmap",
			      when_masked(2, PROT_EXEC | PROT_WRITE, PROT_EXEC));
	if (ok && table[sandbox].threads)
		ok = allow_if(ctx, "clone", when_masked(CLONE_FLAGS, thread, thread)) &&
		     seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS),
				      seccomp_syscall_resolve_name("clone3"), 0) == 0;
	if (ok && table[sandbox].connects)
		ok = allow_if(ctx, "ioctl", when_is(1, FIONBIO)) &&
		     allow_if(ctx, "ioctl", when_is(1, FIONREAD));
	if (ok && (IS_SANITIZED || table[sandbox].connects))
		ok = allow_if(ctx, "prlimit64", when_is(0, 0));
	if (ok && (sandbox == SANDBOX_LOOKUP_FILE || table[sandbox].connects))
		ok = allow_fcntl(ctx);
	if (ok && sandbox == SANDBOX_FRONT)
		ok = allow_if(ctx, "getsockopt", when_is(2, TCP_INFO)) &&
		     allow_if(ctx, "fcntl", when_is(1, F_GET_SEALS));
	if (ok && sandbox == SANDBOX_LMTP)
		ok = allow_if(ctx, "getsockopt", when_is(2, TCP_INFO)) &&
		     allow_if(ctx, "fcntl", when_is(1, F_ADD_SEALS));
	/* poplar-auth: sessions; libcurl: to wake itself */
	if (ok && (sandbox == SANDBOX_AUTH || sandbox == SANDBOX_AUTH_GSSAPI ||
		   table[sandbox].connects))
		ok = allow_if(ctx, "socketpair", when_is(0, AF_UNIX));
	if (ok && sandbox == SANDBOX_AUTH_GSSAPI)
		ok = allow_if(ctx, "fcntl", when_is(1, F_SETFD));
	if (ok && sandbox == SANDBOX_DROP)
		ok = allow_if(ctx, "fcntl", when_is(1, F_ADD_SEALS)) &&
		     allow_if(ctx, "fcntl", when_is(1, F_GET_SEALS));
	return ok;
}

static bool allow_all(scmp_filter_ctx ctx, const char *const *name)
{
	for (; name && *name; name++)
		if (!allow(ctx, *name))
			return false;
	return true;
}

/* Children inherit the parent's filter, which allows what any of them may call. */
static bool allow_sandbox(scmp_filter_ctx ctx, enum sandbox sandbox)
{
	if (sandbox != SANDBOX_PARENT)
		return allow_all(ctx, table[sandbox].calls) &&
		       allow_narrowly(ctx, sandbox);
	for (enum sandbox child = 0; child < SANDBOX_COUNT; child++)
		if (!allow_all(ctx, table[child].calls))
			return false;
	return allow_all(ctx, foreign_calls) &&
	       seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS),
				seccomp_syscall_resolve_name("clone3"), 0) == 0;
}

static enum fault raise_seccomp(enum sandbox sandbox, struct why *why)
{
	/* A forbidden call kills a child, and the parent logs that. In the parent it
	 * fails instead: nobody would log its death, and its C library may look up
	 * users by calls that are not listed here. */
	scmp_filter_ctx ctx = seccomp_init(sandbox == SANDBOX_PARENT
						   ? SCMP_ACT_ERRNO(EPERM)
						   : SCMP_ACT_KILL_PROCESS);
	enum fault f = FAULT_NONE;
	int error = 0;

	if (!ctx)
		return fault_set(why, FAULT_NOMEM, 0, "seccomp_init", NULL);
	if (!allow_sandbox(ctx, sandbox))
		f = fault_set(why, FAULT_SETUP, 0, "seccomp_rule_add",
			      sandbox_name(sandbox));
	else if ((error = seccomp_load(ctx)) < 0)
		f = fault_set(why, FAULT_SETUP, -error, "seccomp_load",
			      sandbox_name(sandbox));
	seccomp_release(ctx);
	return f;
}

/* ---- all of it ---- */

/* Try what Landlock must forbid, to be sure that the restriction works. */
static enum fault try_landlock(enum sandbox sandbox, struct why *why)
{
	const char *path = table[sandbox].connects ? "/tmp" : "/";
	int flags = table[sandbox].connects ? O_TMPFILE | O_WRONLY
					    : O_RDONLY | O_DIRECTORY;
	OWN_FD outside = open(path, flags | O_CLOEXEC, 0600);

	if (outside >= 0 || (errno != EACCES && !table[sandbox].connects))
		return fault_set(why, FAULT_SETUP, 0, "try Landlock: it lets us open",
				 path);
	return FAULT_NONE;
}

enum fault sandbox_enter(enum sandbox sandbox, int dir, int *out_abi, struct why *why)
{
	int abi = landlock_abi();
	enum fault f = FAULT_NONE;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return fault_set(why, FAULT_SETUP, errno, "prctl",
				 sandbox_name(sandbox));
	if (abi > 0 && sandbox != SANDBOX_PARENT && table[sandbox].calls) {
		f = landlock_restrict(abi, dir, table[sandbox].rights,
				      table[sandbox].connects, why);
		if (f == FAULT_NONE)
			f = try_landlock(sandbox, why);
	}
	if (f == FAULT_NONE && table[sandbox].calls)
		f = raise_seccomp(sandbox, why);
	if (f == FAULT_NONE)
		*out_abi = abi;
	return f;
}
