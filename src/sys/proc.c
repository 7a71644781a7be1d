/* sys/proc.c - starts processes, and gives up rights.
 *
 * Prefix: proc_.
 */
#include "sys/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "sys/clock.h"
#include "sys/file.h"

enum { EXIT_NOT_STARTED = 71 }; /* EX_OSERR of sysexits.h */

/* How long we wait for a killed process to end: a system call on a slow file system may
 * delay it. */
enum { KILLED_MS = 5000 };

static _Noreturn void not_started(const char *step)
{
	dprintf(STDERR_FILENO, "poplard: child not started: %s: %s\n", step,
		strerrordesc_np(errno));
	_exit(EXIT_NOT_STARTED);
}

/* Move the descriptors to their numbers. `log` and `channel` are above 2 here, or have
 * their numbers already. */
static void arrange_descriptors(const struct proc_start *start)
{
	int null = open("/dev/null", O_RDONLY);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		not_started("open /dev/null");
	if (dup2(start->log, STDERR_FILENO) < 0 || dup2(start->log, STDOUT_FILENO) < 0)
		not_started("dup2 of the log");
	if (start->channel == PROC_CHANNEL_FD) {
		if (fcntl(PROC_CHANNEL_FD, F_SETFD, 0) < 0)
			not_started("fcntl of the channel");
	} else if (dup2(start->channel, PROC_CHANNEL_FD) < 0) {
		not_started("dup2 of the channel");
	}
	if (syscall(SYS_close_range, PROC_CHANNEL_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		not_started("close_range");
}

static void default_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void become(const struct proc_start *start)
{
	char *const environment[] = { NULL };
	char ids[PROC_IDS_MAX];
	char *const argv[] = { unconst(start->name), unconst(start->arg),
			       start->change_ids ? ids : NULL, NULL };
	/* The channel may be moved to the number of the executable, so copy that to a
	 * higher one.
	 */
	int exe = fcntl(start->exe, F_DUPFD_CLOEXEC, PROC_CHANNEL_FD + 1);

	if (exe < 0)
		not_started("dup of the executable");
	arrange_descriptors(start);
	default_signals();
	snprintf(ids, sizeof ids, "%u:%u", (unsigned)start->uid, (unsigned)start->gid);
	syscall(SYS_execveat, exe, "", argv, environment, AT_EMPTY_PATH);
	not_started("execveat");
}

pid_t proc_start(const struct proc_start *start)
{
	pid_t pid = fork();

	if (pid == 0)
		become(start);
	return pid;
}

/* Sleep until SIGCHLD, or until `end`. */
static void wait_for_child(uint64_t end)
{
	const uint64_t now = clock_ms(), left = end > now ? end - now : 0;
	const struct timespec t = { (time_t)(left / 1000),
				    (long)(left % 1000) * 1000000 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigtimedwait(&set, NULL, &t);
}

const char *proc_wait(pid_t pid, unsigned ms, int *out_status)
{
	uint64_t end = clock_ms() + ms;
	const char *trouble = NULL;

	for (;;) {
		pid_t got = waitpid(pid, out_status, WNOHANG | WUNTRACED);
		bool stopped = got == pid && WIFSTOPPED(*out_status);

		if (got < 0)
			return "is no child";
		if (got == pid && !stopped)
			return trouble;
		if (got == 0 && clock_ms() < end) {
			wait_for_child(end);
			continue;
		}
		if (trouble)
			return "does not end, though it has been killed";
		trouble = stopped ? "was stopped, and killed for that"
				  : "took too long, and was killed for that";
		kill(pid, SIGKILL);
		end = clock_ms() + KILLED_MS;
	}
}

static bool parse_ids(const char *text, uid_t *uid, gid_t *gid)
{
	struct span rest = span_of(text), first;
	uint64_t u, g;

	if (!span_cut(&rest, ':', &first) || !span_u64(first, &u) ||
	    !span_u64(rest, &g) || u > UINT32_MAX || g > UINT32_MAX)
		return false;
	*uid = (uid_t)u;
	*gid = (gid_t)g;
	return true;
}

enum fault proc_begin(const char *ids, struct why *why)
{
	uid_t uid;
	gid_t gid;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return fault_set(why, FAULT_SETUP, errno, "prctl", NULL);
	if (!ids)
		return FAULT_NONE;
	if (!parse_ids(ids, &uid, &gid))
		return fault_set(why, FAULT_SETUP, 0, "read uid and gid", ids);
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		return fault_set(why, FAULT_SETUP, errno, "become the user", ids);
	return FAULT_NONE;
}

/* poplard starts children as other users, signals them, binds low ports, reads private
 * keys that others may not read, and gives Unix sockets an owner. */
static const int parent_capabilities[] = {
	CAP_SETUID,           CAP_SETGID,          CAP_KILL,
	CAP_NET_BIND_SERVICE, CAP_DAC_READ_SEARCH, CAP_CHOWN,
};

uint64_t proc_parent_capabilities(void)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < sizeof parent_capabilities / sizeof(int); i++)
		bits |= (uint64_t)1 << parent_capabilities[i];
	return bits;
}

enum fault proc_keep_parent_capabilities(struct why *why)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2] = { 0 };
	uint64_t keep = proc_parent_capabilities();

	if (geteuid() != 0)
		return FAULT_NONE;
	if (syscall(SYS_capget, &header, data) < 0)
		return fault_set(why, FAULT_SETUP, errno, "capget", NULL);
	keep &= data[0].permitted | (uint64_t)data[1].permitted << 32;
	for (int cap = 0; cap <= 63; cap++)
		if (!(keep >> cap & 1) && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1 &&
		    prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return fault_set(why, FAULT_SETUP, errno, "prctl CAPBSET_DROP",
					 NULL);
	for (int i = 0; i < 2; i++)
		data[i] = (struct __user_cap_data_struct){
			.effective = (uint32_t)(keep >> 32 * i),
			.permitted = (uint32_t)(keep >> 32 * i),
		};
	if (syscall(SYS_capset, &header, data) < 0)
		return fault_set(why, FAULT_SETUP, errno, "capset", NULL);
	return FAULT_NONE;
}

bool proc_make_as(uid_t uid, gid_t gid)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2];

	if (geteuid() != 0)
		return true;
	setfsgid(gid);
	setfsuid(uid);
	/* Neither call reports failure. Called with -1 they change nothing, and return
	 * the present id.
	 */
	if ((gid_t)setfsgid((gid_t)-1) != gid || (uid_t)setfsuid((uid_t)-1) != uid ||
	    syscall(SYS_capget, &header, data) < 0)
		return false;
	data[0].effective |= data[0].permitted & 1u << CAP_DAC_OVERRIDE;
	return syscall(SYS_capset, &header, data) == 0;
}

uint64_t proc_raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 1024;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur;
}

void proc_no_core(void)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
}

void proc_unlimit_locks(void)
{
	const struct rlimit any = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_MEMLOCK, &any);
}

void proc_lock_memory(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY)
		mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

void proc_lock(void *at, size_t len)
{
	(void)mlock(at, len); /* failure is harmless: the memory may then be swapped */
}

/* A kernel that has the call returns EINVAL for these arguments. */
const char *proc_kernel_lacks(void)
{
	if (syscall(SYS_openat2, -1, "", NULL, 0) == 0 || errno != EINVAL)
		return "openat2(2) (Linux 5.6)";
	if (syscall(SYS_close_range, 1, 0, 0) == 0 || errno != EINVAL)
		return "close_range(2) (Linux 5.9)";
	if (syscall(SYS_pidfd_open, -1, 0) >= 0 || errno != EINVAL)
		return "pidfd_open(2) (Linux 5.3)";
	return NULL;
}

uint64_t proc_started_at(pid_t pid)
{
	char path[64], text[1024];
	uint64_t ticks = 0;

	snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
	OWN_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);

	if (n <= 0)
		return 0;
	/* The start time is field 22. Field 2, in parentheses, may hold any octets, so
	 * count the fields from its end. */
	const char *close = memrchr(text, ')', (size_t)n);
	struct span rest = close ? (struct span){ close, (size_t)(text + n - close) }
				 : (struct span){ 0 };
	struct span field;
	for (int i = 2; i <= 22; i++)
		span_cut(&rest, ' ', &field);
	return rest.len > 0 && span_u64(field, &ticks) ? ticks : 0;
}
