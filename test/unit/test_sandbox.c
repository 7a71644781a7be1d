/* Promises of sys/sandbox: what a role may not do, it cannot do. */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/file.h"
#include "sys/landlock.h"
#include "sys/sandbox.h"
#include "sys/sock.h"

static char folder[] = "/tmp/poplar-sandbox-XXXXXX";

/* What was tried: whether the process lived, and what the call said. */
enum outcome { KILLED = -1, ALLOWED = 0 }; /* or the errno */
enum { NO_WALLS = 255 };

typedef int try_fn(int dir);

static int outcome(enum sandbox sandbox, try_fn *attempt)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int abi, dir = open(folder, O_PATH | O_DIRECTORY);

		if (chdir("/") < 0 ||
		    sandbox_enter(sandbox,
				  sandbox == SANDBOX_FRONT || sandbox == SANDBOX_LMTP
					  ? -1
					  : dir,
				  &abi, NULL))
			_exit(NO_WALLS);
		_exit(attempt(dir) < 0 ? errno : ALLOWED);
	}
	assert_true(waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? KILLED : -2;
	assert_int_not_equal(WEXITSTATUS(status), NO_WALLS);
	return WEXITSTATUS(status);
}

static int try_exec(int dir)
{
	char *argv[] = { NULL };

	(void)dir;
	return execve("/bin/true", argv, argv);
}

static int try_fork(int dir)
{
	(void)dir;
	return (int)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0 ? 0 : -1;
}

static int try_tcp(int dir)
{
	(void)dir;
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int try_unix(int dir)
{
	(void)dir;
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int try_pair(int dir)
{
	int pair[2];

	(void)dir;
	return socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
}

static int try_code(int dir)
{
	(void)dir;
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0) == MAP_FAILED
		       ? -1
		       : 0;
}

static int try_make_code(int dir)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);

	(void)dir;
	return mprotect(at, 4096, PROT_READ | PROT_EXEC);
}

static int try_ptrace(int dir)
{
	(void)dir;
	return (int)syscall(SYS_ptrace, 0, 0, 0, 0);
}

static int try_kill(int dir)
{
	(void)dir;
	return kill(getppid(), 0);
}

/* Where Landlock does not know of signals, nothing else is between us and others. */
static int try_signal(int dir)
{
	(void)dir;
	return (int)syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static int try_own_signal(int dir)
{
	(void)dir;
	return (int)syscall(SYS_tgkill, getpid(), getpid(), 0);
}

static int try_signal_by_files(int dir)
{
	return fcntl(dir, F_SETOWN, getppid());
}

static int try_limit(int dir)
{
	const struct rlimit none = { 0, 0 };

	(void)dir;
	return prlimit(getppid(), RLIMIT_CORE, &none, NULL);
}

static int try_setuid(int dir)
{
	(void)dir;
	return setuid(12345);
}

static int try_old_open(int dir)
{
	(void)dir;
	return openat(AT_FDCWD, "/etc/passwd", O_RDONLY);
}

/* poplar-auth opens with openat, poplar-drop with openat2. */
static int try_open_outside(int dir)
{
	(void)dir;
	return file_open_beneath(AT_FDCWD, "etc/passwd", O_RDONLY);
}

static int try_open_inside(int dir)
{
	return file_open_beneath(dir, "file", O_RDONLY);
}

static int try_old_open_inside(int dir)
{
	return openat(dir, "file", O_RDONLY);
}

static int try_old_write_inside(int dir)
{
	return openat(dir, "file", O_WRONLY);
}

static int try_write_inside(int dir)
{
	return file_open_beneath(dir, "file", O_WRONLY);
}

static int try_list_inside(int dir)
{
	return file_open_beneath(dir, ".", O_RDONLY | O_DIRECTORY);
}

static int try_remove_inside(int dir)
{
	return unlinkat(dir, "victim", 0);
}

static int try_make_dir_inside(int dir)
{
	return mkdirat(dir, "new", 0700);
}

static int try_dup(int dir)
{
	return fcntl(dir, F_DUPFD, 100);
}

static int try_memfd(int dir)
{
	(void)dir;
	return memfd_create("listing", MFD_CLOEXEC);
}

static int try_terminal(int dir)
{
	char c = 'x';

	(void)dir;
	return ioctl(0, TIOCSTI, &c);
}

static void *nothing(void *arg)
{
	return arg;
}

static int try_thread(int dir)
{
	pthread_t thread;

	(void)dir;
	return pthread_create(&thread, NULL, nothing, NULL) == 0 &&
			       pthread_join(thread, NULL) == 0
		       ? 0
		       : -1;
}

static int try_dumpable(int dir)
{
	struct stat st;

	(void)dir, (void)st;
	return prctl(PR_SET_DUMPABLE, 1);
}

static int try_pause(int dir)
{
	(void)dir;
	clock_pause(1);
	return 0;
}

/* Rows: what is tried. Columns: within which sandbox. */
static const enum sandbox columns[] = { SANDBOX_FRONT,     SANDBOX_LMTP,
					SANDBOX_AUTH,      SANDBOX_AUTH_GSSAPI,
					SANDBOX_DROP,      SANDBOX_LOOKUP_FILE,
					SANDBOX_LOOKUP_NET };
enum { COLUMNS = sizeof columns / sizeof *columns };

static const struct {
	const char *what;
	try_fn *attempt;
	int said[COLUMNS];
} table[] = {
	{ "exec",
	  try_exec,
	  { KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED } },
	{ "fork",
	  try_fork,
	  { KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED } },
	{ "TCP socket",
	  try_tcp,
	  { KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, ALLOWED } },
	{ "local socket",
	  try_unix,
	  { KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, ALLOWED } },
	{ "local pair",
	  try_pair,
	  { KILLED, KILLED, ALLOWED, ALLOWED, KILLED, KILLED, ALLOWED } },
	{ "map code",
	  try_code,
	  { KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, ALLOWED } },
	{ "make code",
	  try_make_code,
	  { KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED } },
	{ "ptrace",
	  try_ptrace,
	  { KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED } },
	{ "kill",
	  try_kill,
	  { KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED } },
	{ "signal another",
	  try_signal,
	  { KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED } },
	{ "signal itself",
	  try_own_signal,
	  { ALLOWED, ALLOWED, ALLOWED, ALLOWED, ALLOWED, ALLOWED, ALLOWED } },
	{ "signal another by a descriptor",
	  try_signal_by_files,
	  { KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED } },
	{ "limit another",
	  try_limit,
	  { KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED } },
	{ "setuid",
	  try_setuid,
	  { KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED } },
	{ "become dumpable",
	  try_dumpable,
	  { KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED } },
	{ "terminal",
	  try_terminal,
	  { KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED } },
	{ "openat outside",
	  try_old_open,
	  { KILLED, KILLED, EACCES, EACCES, KILLED, EACCES, EACCES } },
	{ "openat inside",
	  try_old_open_inside,
	  { KILLED, KILLED, ALLOWED, ALLOWED, KILLED, ALLOWED, ALLOWED } },
	{ "openat inside to write",
	  try_old_write_inside,
	  { KILLED, KILLED, EACCES, EACCES, KILLED, EACCES, EACCES } },
	{ "openat2 outside",
	  try_open_outside,
	  { KILLED, KILLED, KILLED, KILLED, EACCES, KILLED, KILLED } },
	{ "openat2 inside",
	  try_open_inside,
	  { KILLED, KILLED, KILLED, KILLED, ALLOWED, KILLED, KILLED } },
	{ "openat2 inside to write",
	  try_write_inside,
	  { KILLED, KILLED, KILLED, KILLED, ALLOWED, KILLED, KILLED } },
	{ "list inside",
	  try_list_inside,
	  { KILLED, KILLED, KILLED, KILLED, ALLOWED, KILLED, KILLED } },
	{ "remove inside",
	  try_remove_inside,
	  { KILLED, KILLED, KILLED, KILLED, ALLOWED, KILLED, KILLED } },
	{ "make folder inside",
	  try_make_dir_inside,
	  { KILLED, KILLED, KILLED, KILLED, ALLOWED, KILLED, KILLED } },
	{ "duplicate a descriptor",
	  try_dup,
	  { KILLED, KILLED, KILLED, KILLED, KILLED, ALLOWED, ALLOWED } },
	{ "memory file",
	  try_memfd,
	  { KILLED, ALLOWED, KILLED, KILLED, ALLOWED, KILLED, KILLED } },
	{ "rest for a time",
	  try_pause,
	  { ALLOWED, ALLOWED, ALLOWED, ALLOWED, ALLOWED, ALLOWED, ALLOWED } },
	{ "thread",
	  try_thread,
	  { KILLED, KILLED, ALLOWED, ALLOWED, ALLOWED, KILLED, KILLED } },
};

static void prepare(void)
{
	int dir = open(folder, O_RDONLY | O_DIRECTORY);

	close(openat(dir, "file", O_CREAT | O_WRONLY, 0600));
	close(openat(dir, "victim", O_CREAT | O_WRONLY, 0600));
	unlinkat(dir, "new", AT_REMOVEDIR);
	close(dir);
}

static void check_sandbox(enum sandbox sandbox)
{
	size_t column = 0;

	if (sandbox_landlock_abi() == 0)
		skip();
	while (columns[column] != sandbox)
		column++;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		prepare();
		int got = outcome(sandbox, table[i].attempt);
		if (got != table[i].said[column])
			fail_msg("%s: %s gives %d, not %d", sandbox_name(sandbox),
				 table[i].what, got, table[i].said[column]);
	}
}

static void test_the_front(void **state)
{
	(void)state;
	check_sandbox(SANDBOX_FRONT);
}

static void test_lmtp(void **state)
{
	(void)state;
	check_sandbox(SANDBOX_LMTP);
}

static void test_auth(void **state)
{
	(void)state;
	check_sandbox(SANDBOX_AUTH);
}

static void test_auth_with_kerberos(void **state)
{
	(void)state;
	check_sandbox(SANDBOX_AUTH_GSSAPI);
}

static void test_drop(void **state)
{
	(void)state;
	check_sandbox(SANDBOX_DROP);
}

static void test_lookups_in_a_file(void **state)
{
	(void)state;
	check_sandbox(SANDBOX_LOOKUP_FILE);
}

static void test_lookups_behind_the_network(void **state)
{
	(void)state;
	check_sandbox(SANDBOX_LOOKUP_NET);
}

/* Foreign code has what the parent's filter leaves, and says so. */
static void test_lookups_by_foreign_code(void **state)
{
	char text[256];

	(void)state;
	CHECK(!sandbox_filters(SANDBOX_LOOKUP_CODE));
	CHECK(sandbox_filters(SANDBOX_LOOKUP_NET));
	sandbox_rules(SANDBOX_LOOKUP_CODE, 7, text, sizeof text);
	CHECK_TEXT(text, "none, and no seccomp filter of its own: it runs code that is "
			 "not Poplar's");
	CHECK_EQ(outcome(SANDBOX_LOOKUP_CODE, try_fork), ALLOWED);
	CHECK_EQ(outcome(SANDBOX_LOOKUP_CODE, try_pair), ALLOWED);
}

static void test_rules_are_told(void **state)
{
	char text[256];

	(void)state;
	sandbox_rules(SANDBOX_DROP, 3, text, sizeof text);
	CHECK_TEXT(text, "version 3; files: write-file,read-file,read-dir,"
			 "remove-file,make-dir,make-reg,refer beneath its one "
			 "directory; TCP not covered");
	sandbox_rules(SANDBOX_FRONT, 7, text, sizeof text);
	CHECK_TEXT(text, "version 7; files: none; no new TCP; no signals or abstract "
			 "sockets outside");
	sandbox_rules(SANDBOX_FRONT, 0, text, sizeof text);
	CHECK_TEXT(text, "none: this kernel has no Landlock");
}

/* RFC 1939 section 3: ten minutes at least. TCP_USER_TIMEOUT would count the time in
 * which a client does not read. */
static void test_a_client_that_pauses_is_not_given_up(void **state)
{
	struct sock_address address[2];
	unsigned count, timeout = 1;
	socklen_t len = sizeof timeout;
	struct why why = { 0 };
	int keep = 0;

	(void)state;
	CHECK(sock_parse(SPAN("127.0.0.1:1"), address, &count));
	((struct sockaddr_in *)&address[0].addr)->sin_port = 0; /* any */
	int fd = -1;
	CHECK_EQ(sock_listen(&address[0], &fd, &why), FAULT_NONE);
	CHECK_EQ(getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, &len), 0);
	CHECK_EQ(timeout, 0);
	len = sizeof keep;
	CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &keep, &len), 0);
	CHECK_EQ(keep, 1);
	close(fd);
}

/* What moves a message from new to cur, and takes its name back. */
static int try_move(int abi, int dir)
{
	const unsigned rights = LANDLOCK_RIGHT_READ_DIR | LANDLOCK_RIGHT_MAKE_REG |
				LANDLOCK_RIGHT_REFER | LANDLOCK_RIGHT_REMOVE_FILE;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    landlock_restrict(abi, dir, rights, false, NULL))
		return NO_WALLS;
	return renameat(dir, "victim", dir, "new/victim") < 0 ? errno : ALLOWED;
}

/* Version 1 knows no right for it, so that mark-seen does nothing there; the operator
 * is told. */
static void test_which_landlock_moves_mail(void **state)
{
	const int here = sandbox_landlock_abi();

	(void)state;
	for (int abi = 1; abi <= here; abi++) {
		int status, dir = open(folder, O_PATH | O_DIRECTORY);

		prepare();
		mkdirat(dir, "new", 0700);
		pid_t pid = fork();
		if (pid == 0)
			_exit(try_move(abi, dir));
		assert_true(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
		CHECK_EQ(WEXITSTATUS(status), landlock_moves(abi) ? ALLOWED : EXDEV);
		unlinkat(dir, "new/victim", 0);
		close(dir);
	}
	prepare();
	CHECK(landlock_moves(0));
}

/* ---- on other machines ---- */

static const uint32_t machines[] = { SCMP_ARCH_X86_64, SCMP_ARCH_AARCH64,
				     SCMP_ARCH_RISCV64 };

/* Otherwise what works here dies there of a system call that its sandbox forbids. */
static void test_what_is_listed_is_known_on_every_architecture(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
		const char *unknown = sandbox_unknown(machines[i]);

		if (unknown)
			fail_msg("%08x has no %s and nothing that stands for it",
				 machines[i], unknown);
	}
}

/* What the C library of arm64 calls where that of x86-64 calls what stands behind it.
 */
static void test_successors_are_allowed_where_there_is_no_other(void **state)
{
	static const struct {
		const char *there, *here;
	} calls[] = {
		{ "faccessat", "access" }, { "readlinkat", "readlink" },
		{ "ppoll", "poll" },       { "newfstatat", "stat" },
		{ "newfstatat", "lstat" }, { "epoll_pwait", "epoll_wait" },
		{ "pselect6", "select" },  { "dup3", "dup2" },
		{ "openat", "open" },      { "clone", "vfork" },
		{ "unlinkat", "unlink" },  { "gettimeofday", "time" },
	};

	(void)state;
	for (enum sandbox sandbox = 0; sandbox < SANDBOX_COUNT; sandbox++)
		for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
			if (sandbox_allows(sandbox, SCMP_ARCH_X86_64, calls[i].here) &&
			    !sandbox_allows(sandbox, SCMP_ARCH_AARCH64, calls[i].there))
				fail_msg("%s: arm64 needs %s", sandbox_name(sandbox),
					 calls[i].there);
	CHECK(sandbox_allows(SANDBOX_AUTH_GSSAPI, SCMP_ARCH_AARCH64, "faccessat"));
	CHECK(sandbox_allows(SANDBOX_LOOKUP_FILE, SCMP_ARCH_AARCH64, "readlinkat"));
	CHECK(sandbox_allows(SANDBOX_LOOKUP_FILE, SCMP_ARCH_AARCH64, "ppoll"));
	CHECK(sandbox_allows(SANDBOX_DROP, SCMP_ARCH_RISCV64, "renameat2"));
	CHECK(!sandbox_allows(SANDBOX_DROP, SCMP_ARCH_AARCH64, "faccessat"));
	CHECK(!sandbox_allows(SANDBOX_DROP, SCMP_ARCH_X86_64, "openat"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_which_landlock_moves_mail),
		TEST(test_what_is_listed_is_known_on_every_architecture),
		TEST(test_successors_are_allowed_where_there_is_no_other),
		TEST(test_the_front),
		TEST(test_lmtp),
		TEST(test_auth),
		TEST(test_auth_with_kerberos),
		TEST(test_drop),
		TEST(test_lookups_in_a_file),
		TEST(test_lookups_behind_the_network),
		TEST(test_lookups_by_foreign_code),
		TEST(test_rules_are_told),
		TEST(test_a_client_that_pauses_is_not_given_up),
	};

	if (!mkdtemp(folder))
		return 1;
	int failed = RUN(tests);
	prepare();
	char command[3][80];
	snprintf(command[0], 80, "%s/file", folder);
	snprintf(command[1], 80, "%s/victim", folder);
	snprintf(command[2], 80, "%s", folder);
	unlink(command[0]);
	unlink(command[1]);
	rmdir(command[2]);
	return failed;
}
