/* cli/reload.c - poplar reload: the running server takes in its configuration, and
 * what comes of it is told.
 *
 * poplard is asked by SIGHUP and answers by a file in the run
 * directory.
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
#include "rundir/outcome.h"
#include "rundir/state.h"
#include "sys/clock.h"
#include "sys/proc.h"

enum { PATIENCE_MS = 60000 };

static const char usage[] =
	"usage: poplar [-c FILE] reload\n"
	"\n"
	"Has the running server read its configuration anew, waits, and tells what "
	"came "
	"of\n"
	"it. Status 0: new connections are served by it; 1: nothing has changed.\n";

/* A server that is asked. */
struct asking {
	int run_dir, server, changes; /* server: a pidfd; changes: inotify */
	uint64_t before;              /* the last reload that began before ours */
	struct outcome outcome;
};

static void asking_done(struct asking *a)
{
	own_fd_close(&a->run_dir);
	own_fd_close(&a->server);
	own_fd_close(&a->changes);
	outcome_done(&a->outcome);
}

/* -1: it does not run. */
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
			own_fd_close(&fd); /* another has its number by now */
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
		cli_say("poplard does not run: there is no state of one in",
			s->run_dir);
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

/* Has ours come to an end? A later one has read what ours would have. */
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
	const uint64_t end = clock_ms() + PATIENCE_MS;
	struct pollfd polls[] = { { a->changes, POLLIN, 0 }, { a->server, POLLIN, 0 } };

	while (!is_over(a)) {
		const uint64_t now = clock_ms();

		if (polls[1].revents) {
			cli_say("poplard has ended", NULL);
			return false;
		}
		if (now >= end ||
		    (poll(polls, 2, (int)(end - now)) < 0 && errno != EINTR)) {
			cli_say("poplard has not told within 60 s what came of it",
				NULL);
			return false;
		}
	}
	return true;
}

/* The lines of poplard's log, which shows nothing that a terminal would heed. */
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
		cli_say("not reloaded: nothing has changed", NULL);
	return done ? CLI_OK : CLI_BAD;
}

int cli_reload(const char *config, int argc, char **argv)
{
	struct asking a = { .run_dir = -1, .server = -1, .changes = -1 };
	OWN_SETTINGS s = { 0 };

	if (argc > 1) {
		fputs(usage, cli_wants_help(argc, argv) ? stdout : stderr);
		return cli_wants_help(argc, argv) ? CLI_OK : CLI_USAGE;
	}
	cli_load(config, &s);
	int status = begin(&a, &s) && wait_for(&a) ? tell(&a) : CLI_BAD;
	asking_done(&a);
	return status;
}
