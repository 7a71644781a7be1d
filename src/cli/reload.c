/* cli/reload.c - poplar reload: makes the running server read its configuration again,
 * and reports the outcome.
 *
 * The tool sends SIGHUP to poplard, which writes the outcome to a file in the run
 * directory (rundir/outcome.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/own.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "rundir/outcome.h"
#include "rundir/state.h"
#include "sys/clock.h"
#include "sys/proc.h"

enum { TIMEOUT_MS = 60000 };

static const char usage[] = "usage: poplar [-c FILE] reload\n"
			    "\n"
			    "Makes the running server read its configuration again, "
			    "waits, and reports the\n"
			    "outcome. Status 0: new connections are served by the new "
			    "configuration; 1: the\n"
			    "old one stays in force.\n";

/* A reload that was asked for. */
struct asking {
	int run_dir, server, changes; /* server: a pidfd; changes: inotify */
	uint64_t before;              /* number of the last reload before ours */
	struct outcome outcome;
};

static void asking_done(struct asking *a)
{
	own_fd_close(&a->run_dir);
	own_fd_close(&a->server);
	own_fd_close(&a->changes);
	outcome_done(&a->outcome);
}

/* A pidfd of poplard. -1: it does not run. */
static int find_server(int run_dir)
{
	struct statefile file;
	OWN_FD fd = -1;

	if (statefile_read(run_dir, &file))
		return -1;
	for (size_t i = 0; i < file.count && fd < 0; i++) {
		const struct statefile_entry *e = &file.at[i];

		if (e->role != ROLE_PARENT)
			continue;
		fd = (int)syscall(SYS_pidfd_open, e->pid, 0);
		if (fd >= 0 &&
		    (e->started == 0 || proc_started_at(e->pid) != e->started))
			own_fd_close(&fd); /* another process has its number now */
	}
	statefile_done(&file);
	return TAKE_FD(fd);
}

static bool begin(struct asking *a, const struct settings *s)
{
	struct why why = { 0 };
	char path[64];

	a->run_dir = open(s->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	a->server = a->run_dir < 0 ? -1 : find_server(a->run_dir);
	if (a->server < 0) {
		cli_say("poplard does not run: there is no state file in", s->run_dir);
		return false;
	}
	snprintf(path, sizeof path, "/proc/self/fd/%d", a->run_dir);
	a->changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (a->changes < 0 || inotify_add_watch(a->changes, path, IN_MOVED_TO) < 0) {
		fault_set(&why, FAULT_IO, errno, "watch", s->run_dir);
		cli_complain(&why);
		return false;
	}
	outcome_read(a->run_dir, &a->outcome);
	a->before = a->outcome.number;
	if (syscall(SYS_pidfd_send_signal, a->server, SIGHUP, NULL, 0) == 0)
		return true;
	fault_set(&why, FAULT_IO, errno, "send SIGHUP to", "poplard");
	cli_complain(&why);
	return false;
}

/* Has our reload ended? A later reload counts, too, since it has read the configuration
 * after our request. */
static bool is_over(struct asking *a)
{
	char events[4096];

	while (read(a->changes, events, sizeof events) > 0)
		;
	outcome_done(&a->outcome);
	outcome_read(a->run_dir, &a->outcome);
	return a->outcome.number > a->before && a->outcome.state != OUTCOME_BEGUN;
}

static bool wait_for(struct asking *a)
{
	const uint64_t end = clock_ms() + TIMEOUT_MS;
	struct pollfd polls[] = { { a->changes, POLLIN, 0 }, { a->server, POLLIN, 0 } };

	while (!is_over(a)) {
		const uint64_t now = clock_ms();

		if (polls[1].revents) {
			cli_say("poplard has ended", NULL);
			return false;
		}
		if (now >= end ||
		    (poll(polls, 2, (int)(end - now)) < 0 && errno != EINTR)) {
			cli_say("poplard did not report the outcome within 60 s", NULL);
			return false;
		}
	}
	return true;
}

/* The lines are poplard's log, which has escaped all control characters. */
static int tell(const struct asking *a)
{
	const bool done = a->outcome.state == OUTCOME_DONE;

	fprintf(stderr, "%.*s", (int)a->outcome.said.len,
		a->outcome.said.len ? a->outcome.said.at : "");
	if (done)
		printf("reloaded: new connections are served by the configuration as "
		       "it "
		       "is\n");
	else
		cli_say("not reloaded: the old configuration stays in force", NULL);
	return done ? CLI_OK : CLI_BAD;
}

int cli_reload(const char *config, int argc, char **argv)
{
	struct asking a = { .run_dir = -1, .server = -1, .changes = -1 };
	OWN_SETTINGS s = { 0 };
	int status;

	if (!cli_takes_nothing(argc, argv, usage, &status))
		return status;
	cli_load(config, &s);
	status = begin(&a, &s) && wait_for(&a) ? tell(&a) : CLI_BAD;
	asking_done(&a);
	return status;
}
