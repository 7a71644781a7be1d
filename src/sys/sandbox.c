/* sys/sandbox.c - what each process may do, as a table, and the walls that make it so.
 *
 * Floor 1 (sys). Prefix: sandbox_.
 */
#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/own.h"
#include "sys/landlock.h"

/* clang-format off */

/* What the run time of a sanitizer calls on top, in a build that has one. */
#ifdef POPLAR_SANITIZED
#define CALLS_SANITIZER "read", "sched_yield", "sched_getaffinity", "sigaltstack", "prlimit64",
#else
#define CALLS_SANITIZER
#endif

/* Memory, descriptors at hand, clocks, waiting, an orderly or a disorderly end.
 * clock_gettime is for machines where it is a real call. */
#define CALLS_COMMON \
	CALLS_SANITIZER \
	"brk", "munmap", "mremap", "madvise", "futex", "close", "write", "writev", "pread64", \
	"sendmsg", "recvmsg", "newfstatat", "fstat", "epoll_wait", "epoll_pwait", "epoll_ctl", \
	"clock_gettime", "getrandom", "getpid", "gettid", "tgkill", "rt_sigaction", \
	"rt_sigprocmask", "rt_sigreturn", "restart_syscall", "exit", "exit_group"

/* A thread's first steps. */
#define CALLS_THREADS "set_robust_list", "rseq"

/* What else each may call, ended by NULL. Calls that are allowed in a certain way only
 * have rules of their own, in allow_narrowly. */
static const char *const front_calls[] = {
	CALLS_COMMON, "accept4", "read", "recvfrom", "sendto", "shutdown", "preadv2", NULL,
};
static const char *const auth_calls[] = {
	CALLS_COMMON, CALLS_THREADS, "openat", NULL,
};
static const char *const drop_calls[] = {
	CALLS_COMMON, CALLS_THREADS, "openat2", "getdents64", "unlinkat", "mkdirat", "fsync",
	"flock", "memfd_create", NULL,
};
static const char *const parent_calls[] = {
	CALLS_COMMON,
	/* files: configuration, certificates, state */
	"read", "openat", "openat2", "lseek", "renameat", "renameat2", "unlinkat", "unlink", "mkdirat",
	"fsync", "fchmod", "fchown", "flock", "getdents64", "getcwd", "statx", "fcntl", "poll",
	/* sockets and signals */
	"socket", "socketpair", "bind", "listen", "setsockopt", "getsockopt", "getsockname",
	"connect", "sendto", "recvfrom", "shutdown", "signalfd4", "kill", "pidfd_open",
	/* children */
	"clone", "vfork", "wait4", "waitid", "dup2", "dup3", "dup", "close_range", "setgroups",
	"setresuid", "setresgid", "execveat", "prctl", "capget", "capset", "mmap", "mprotect",
	"ioctl", "umask",
	/* what a child calls from its start to its own walls: the dynamic linker, its loop,
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
	unsigned rights;   /* enum landlock_right, beneath that directory */
	unsigned may_hold; /* bits of enum sandbox_kind */
} table[ROLE_COUNT] = {
	[ROLE_PARENT] = { parent_calls, false, false, 0,
			  HOLDS_COMMON | HOLDS(LISTENER) | HOLDS(SIGNAL) | HOLDS(DIR) |
				  HOLDS(READ) },
	[ROLE_FRONT] = { front_calls, false, false, 0,
			 HOLDS_COMMON | HOLDS(LISTENER) | HOLDS(CLIENT) | HOLDS(EPOLL) |
				 HOLDS(EVENT) | HOLDS(PIPE) | HOLDS(MEMORY) |
				 HOLDS(READ) },
	[ROLE_AUTH] = { auth_calls, true, true,
			LANDLOCK_RIGHT_READ_FILE | LANDLOCK_RIGHT_READ_DIR,
			HOLDS_COMMON | HOLDS(EPOLL) | HOLDS(DIR) | HOLDS(READ) },
	[ROLE_DROP] = { drop_calls, true, true,
			LANDLOCK_RIGHT_READ_FILE | LANDLOCK_RIGHT_READ_DIR |
				LANDLOCK_RIGHT_REMOVE_FILE | LANDLOCK_RIGHT_MAKE_DIR,
			HOLDS_COMMON | HOLDS(EPOLL) | HOLDS(DIR) | HOLDS(READ) |
				HOLDS(MEMORY) },
};

const char *sandbox_kind_name(enum sandbox_kind kind)
{
	static const char *const names[SANDBOX_KIND_COUNT] = {
#define X(id, name) [SANDBOX_KIND_##id] = name,
		SANDBOX_KIND_TABLE(X)
#undef X
	};

	return names[kind];
}

bool sandbox_may_hold(enum role role, enum sandbox_kind kind)
{
	return table[role].may_hold >> kind & 1;
}

int sandbox_landlock_abi(void)
{
	return landlock_abi();
}

void sandbox_rules(enum role role, int abi, char *out, size_t room)
{
	char rights[256] = "none";

	if (table[role].dir)
		landlock_text(abi, table[role].rights, rights, sizeof rights);
	if (role == ROLE_PARENT)
		snprintf(out, room, "none: its children need more than it does");
	else if (abi == 0)
		snprintf(out, room, "none: this kernel has no Landlock");
	else
		snprintf(out, room, "version %d; files: %s%s; %s%s", abi, rights,
			 table[role].dir ? " beneath its one directory" : "",
			 abi >= 4 ? "no new TCP" : "TCP not covered",
			 abi >= 6 ? "; no signals or abstract sockets outside" : "");
}

/* ---- seccomp ---- */

/* Names that this architecture or libseccomp does not know are no calls to allow. */
static bool allow(scmp_filter_ctx ctx, const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	return number == __NR_SCMP_ERROR || number < 0 ||
	       seccomp_rule_add(ctx, SCMP_ACT_ALLOW, number, 0) == 0;
}

static bool allow_if(scmp_filter_ctx ctx, const char *name, struct scmp_arg_cmp when)
{
	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW,
				      seccomp_syscall_resolve_name(name), 1,
				      &when) == 0;
}

static struct scmp_arg_cmp when_masked(unsigned arg, uint64_t mask, uint64_t value)
{
	return (struct scmp_arg_cmp){ arg, SCMP_CMP_MASKED_EQ, mask, value };
}

static struct scmp_arg_cmp when_is(unsigned arg, uint64_t value)
{
	return (struct scmp_arg_cmp){ arg, SCMP_CMP_EQ, value, 0 };
}

/* What a process may call only in a certain way: map memory, but never to execute;
 * clone, but only threads; and so on. clone3 hides its flags from the filter: without
 * it the C library takes clone. */
static bool allow_narrowly(scmp_filter_ctx ctx, enum role role)
{
	const uint64_t thread = CLONE_THREAD | CLONE_VM;
	bool ok = allow_if(ctx, "mmap", when_masked(2, PROT_EXEC, 0)) &&
		  allow_if(ctx, "mprotect", when_masked(2, PROT_EXEC, 0));

	if (ok && table[role].threads)
		ok = allow_if(ctx, "clone", when_masked(0, thread, thread)) &&
		     seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS),
				      seccomp_syscall_resolve_name("clone3"), 0) == 0;
	if (ok && role == ROLE_FRONT)
		ok = allow_if(ctx, "ioctl", when_is(1, FIONBIO));
	if (ok && role == ROLE_AUTH)
		ok = allow_if(ctx, "socketpair", when_is(0, AF_UNIX));
	if (ok && role == ROLE_DROP)
		ok = allow_if(ctx, "fcntl", when_is(1, F_ADD_SEALS));
	return ok;
}

/* The parent's filter is over its children too: it allows what any of them may. */
static bool allow_role(scmp_filter_ctx ctx, enum role role)
{
	for (const char *const *name = table[role].calls; *name; name++)
		if (!allow(ctx, *name))
			return false;
	if (role != ROLE_PARENT)
		return allow_narrowly(ctx, role);
	for (enum role child = 0; child < ROLE_COUNT; child++)
		for (const char *const *name = table[child].calls; *name; name++)
			if (!allow(ctx, *name))
				return false;
	return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS),
				seccomp_syscall_resolve_name("clone3"), 0) == 0;
}

static enum fault raise_seccomp(enum role role, struct why *why)
{
	/* A child dies of a call that it may not make, and the parent tells. Nobody
	 * would tell of the parent, and its C library may look up users by calls that
	 * nobody foresaw. */
	scmp_filter_ctx ctx = seccomp_init(role == ROLE_PARENT ? SCMP_ACT_ERRNO(EPERM)
							       : SCMP_ACT_KILL_PROCESS);
	enum fault f = FAULT_NONE;
	int error = 0;

	if (!ctx)
		return fault_set(why, FAULT_NOMEM, 0, "seccomp_init", NULL);
	if (!allow_role(ctx, role))
		f = fault_set(why, FAULT_SETUP, 0, "seccomp_rule_add", role_name(role));
	else if ((error = seccomp_load(ctx)) < 0)
		f = fault_set(why, FAULT_SETUP, -error, "seccomp_load",
			      role_name(role));
	seccomp_release(ctx);
	return f;
}

/* ---- all of it ---- */

/* Walls that are not tried may not be there. */
static enum fault try_walls(struct why *why)
{
	OWN_FD outside = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (outside >= 0 || errno != EACCES)
		return fault_set(why, FAULT_SETUP, 0, "try Landlock: it lets us open",
				 "/");
	return FAULT_NONE;
}

enum fault sandbox_enter(enum role role, int dir, int *out_abi, struct why *why)
{
	int abi = landlock_abi();
	enum fault f = FAULT_NONE;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return fault_set(why, FAULT_SETUP, errno, "prctl", role_name(role));
	if (abi > 0 && role != ROLE_PARENT) {
		f = landlock_restrict(abi, dir, table[role].rights, why);
		if (f == FAULT_NONE)
			f = try_walls(why);
	}
	if (f == FAULT_NONE)
		f = raise_seccomp(role, why);
	if (f == FAULT_NONE)
		*out_abi = abi;
	return f;
}
