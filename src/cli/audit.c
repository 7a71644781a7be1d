/* cli/audit.c - poplar audit: compares the running processes with the table of
 * sandboxes.
 *
 * It compares what the kernel shows in /proc with the table of sandboxes and with the
 * state file in the run directory. The kernel does not show Landlock's rules; each
 * process has tried them before it reported to be ready.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/procfs.h"
#include "rundir/state.h"
#include "sys/proc.h"
#include "sys/sandbox.h"

static const char usage[] = "usage: poplar [-c FILE] audit\n"
			    "\n"
			    "Compares the running processes with the table of "
			    "sandboxes.\n";

struct auditing {
	struct procfs_sockets sockets;
	unsigned wrong, unseen;
};

static void print_wrong(struct auditing *a, const char *what)
{
	printf("    WRONG: %s\n", what);
	a->wrong++;
}

/* ---- descriptors ---- */

static enum sandbox_kind file_kind(pid_t pid, const char *path, const char *name)
{
	struct stat st;
	int flags = procfs_open_flags(pid, name);

	if (stat(path, &st) < 0)
		return SANDBOX_KIND_OTHER;
	if (S_ISDIR(st.st_mode))
		return SANDBOX_KIND_DIR;
	if (S_ISREG(st.st_mode))
		return (flags & O_ACCMODE) == O_RDONLY || (flags & O_PATH)
			       ? SANDBOX_KIND_READ
			       : SANDBOX_KIND_WRITE;
	return SANDBOX_KIND_OTHER;
}

static struct span read_link(pid_t pid, const char *name, char room[PATH_MAX])
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "/proc/%ld/fd/%.20s", (long)pid, name);
	ssize_t n = readlink(path, room, PATH_MAX);
	return (struct span){ room, n > 0 ? (size_t)n : 0 };
}

/* A descriptor of the file that standard error leads to is the log. */
static enum sandbox_kind kind_of(const struct auditing *a, pid_t pid, const char *name)
{
	static const struct {
		const char *start;
		enum sandbox_kind kind;
	} starts[] = {
		{ "/dev/null", SANDBOX_KIND_NULL },
		{ "anon_inode:[eventpoll]", SANDBOX_KIND_EPOLL },
		{ "anon_inode:[eventfd]", SANDBOX_KIND_EVENT },
		{ "anon_inode:[signalfd]", SANDBOX_KIND_SIGNAL },
		{ "anon_inode:inotify", SANDBOX_KIND_WATCH },
		{ "pipe:", SANDBOX_KIND_PIPE },
		{ "/memfd:listing", SANDBOX_KIND_MEMORY },
		{ "/memfd:window", SANDBOX_KIND_MEMORY },
		{ "/memfd:connlimit", SANDBOX_KIND_CONNLIMIT },
	};
	char path[PATH_MAX], target[PATH_MAX], log[PATH_MAX];
	uint64_t inode;

	struct span link = read_link(pid, name, target);
	if (link.len == 0)
		return SANDBOX_KIND_COUNT; /* it has been closed meanwhile */
	struct span error = read_link(pid, "2", log);
	if (link.len == error.len && memcmp(link.at, error.at, link.len) == 0)
		return SANDBOX_KIND_LOG;
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		if (span_starts(link, starts[i].start))
			return starts[i].kind;
	if (span_starts(link, "socket:[") &&
	    span_u64((struct span){ link.at + 8, link.len - 9 }, &inode))
		return procfs_socket_kind(&a->sockets, inode);
	snprintf(path, sizeof path, "/proc/%ld/fd/%.20s", (long)pid, name);
	return file_kind(pid, path, name);
}

static void audit_descriptors(struct auditing *a, const struct statefile_entry *e)
{
	unsigned counts[SANDBOX_KIND_COUNT + 1] = { 0 };
	char path[64];

	snprintf(path, sizeof path, "/proc/%ld/fd", (long)e->pid);
	DIR *dir = opendir(path);
	if (!dir) {
		printf("  descriptors   not visible: run this as root\n");
		a->unseen++;
		return;
	}
	for (const struct dirent *d = readdir(dir); d; d = readdir(dir))
		if (d->d_name[0] != '.')
			counts[kind_of(a, e->pid, d->d_name)]++;
	closedir(dir);
	printf("  descriptors  ");
	for (enum sandbox_kind kind = 0; kind < SANDBOX_KIND_COUNT; kind++)
		if (counts[kind] > 0)
			printf(" %u %s;", counts[kind], sandbox_kind_name(kind));
	printf("\n");
	for (enum sandbox_kind kind = 0; kind < SANDBOX_KIND_COUNT; kind++)
		if (counts[kind] > 0 && !sandbox_may_hold(e->sandbox, kind))
			print_wrong(a, sandbox_kind_name(kind));
}

/* ---- the rest ---- */

static void audit_ids(struct auditing *a, const struct statefile_entry *e,
		      const struct procfs_facts *f)
{
	bool same = true;

	printf("  uid %ju, gid %ju\n", (uintmax_t)f->uid[1], (uintmax_t)f->gid[1]);
	for (int i = 0; i < 4; i++)
		same = same && f->uid[i] == e->uid && f->gid[i] == e->gid;
	if (!same)
		print_wrong(a, "uid or gid differs from the one that it was started "
			       "with");
	if (e->role != ROLE_PARENT && f->uid[1] == 0 &&
	    e->sandbox != SANDBOX_LOOKUP_CODE)
		print_wrong(a, "runs as root");
	else if (e->role != ROLE_PARENT && f->uid[1] == 0)
		printf("                runs as root, as its database's run-as says\n");
}

static void audit_capabilities(struct auditing *a, const struct statefile_entry *e,
			       const struct procfs_facts *f)
{
	bool root = e->uid == 0 &&
		    (e->role == ROLE_PARENT || e->sandbox == SANDBOX_LOOKUP_CODE);
	uint64_t allowed = root ? proc_parent_capabilities() : 0;
	uint64_t held = f->caps_now | f->caps_may;

	printf("  capabilities  %#jx of %#jx\n", (uintmax_t)held, (uintmax_t)allowed);
	if (held & ~allowed)
		print_wrong(a, "a capability that the table does not allow");
	if (e->uid == 0 && (f->caps_bound & ~allowed))
		print_wrong(a, "a capability in the bounding set that the table does "
			       "not allow");
}

static void audit_sandbox(struct auditing *a, const struct statefile_entry *e,
			  const struct procfs_facts *f)
{
	char rules[256];

	sandbox_rules(e->sandbox, e->abi, rules, sizeof rules);
	printf("  seccomp       mode %ju, %ju filters; no_new_privs %ju; dumpable %s\n",
	       (uintmax_t)f->seccomp, (uintmax_t)f->filters, (uintmax_t)f->no_new_privs,
	       f->dumpable ? "yes" : "no");
	printf("  Landlock      %s\n", rules);
	bool own = e->role != ROLE_PARENT && sandbox_filters(e->sandbox);
	if (f->seccomp != 2 || f->filters < (own ? 2u : 1u))
		print_wrong(a, "no seccomp filter of its own");
	if (f->no_new_privs != 1)
		print_wrong(a, "may gain privileges");
	if (f->dumpable)
		print_wrong(a, "is dumpable");
	if (own && e->abi == 0)
		print_wrong(a, "no Landlock");
}

/* This is no mistake, but it may surprise an operator who has installed a new version.
 */
static void audit_executable(const struct statefile_entry *e)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof path, "/proc/%ld/exe", (long)e->pid);
	if (stat(path, &st) == 0 && st.st_nlink == 0)
		printf("  executable    replaced on disk: the old one runs until "
		       "poplard is restarted\n");
}

static void audit_process(struct auditing *a, const struct statefile_entry *e)
{
	struct procfs_facts f;

	printf("%s, pid %ld, generation %u\n", role_name(e->role), (long)e->pid,
	       e->generation);
	if (proc_started_at(e->pid) != e->started || !procfs_facts(e->pid, &f)) {
		print_wrong(a, "is not running");
		return;
	}
	audit_executable(e);
	audit_ids(a, e, &f);
	audit_capabilities(a, e, &f);
	audit_sandbox(a, e, &f);
	audit_descriptors(a, e);
}

/* poplar-lookup runs only if there is a database for it to ask. */
static bool every_role_runs(const struct statefile *file)
{
	for (enum role role = 0; role < ROLE_LOOKUP; role++) {
		bool any = false;

		for (size_t i = 0; i < file->count; i++)
			any = any || file->at[i].role == role;
		if (!any)
			return false;
	}
	return true;
}

static void audit(struct auditing *a, const struct statefile *file)
{
	procfs_sockets(&a->sockets);
	for (size_t i = 0; i < file->count; i++)
		audit_process(a, &file->at[i]);
	if (!every_role_runs(file))
		print_wrong(a, "a role is missing");
	procfs_sockets_done(&a->sockets);
	printf("%u wrong%s\n", a->wrong,
	       a->unseen ? "; descriptors not checked: run this as root" : "");
}

int cli_audit(const char *config, int argc, char **argv)
{
	struct auditing a = { 0 };
	struct statefile file;
	OWN_SETTINGS s = { 0 };
	int status;

	if (!cli_takes_nothing(argc, argv, usage, &status))
		return status;
	cli_load(config, &s);
	OWN_FD dir = open(s.run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || statefile_read(dir, &file)) {
		cli_say("poplard does not run: there is no state file in", s.run_dir);
		return CLI_BAD;
	}
	const bool same = statefile_is_of_this_build(&file);
	if (same)
		audit(&a, &file);
	else
		cli_say("poplard is of another build, with other sandboxes perhaps: "
			"restart it, or use its own tool",
			NULL);
	statefile_done(&file);
	return same && a.wrong == 0 ? CLI_OK : CLI_BAD;
}
