/* parent/state.c - makes and writes the run directory.
 *
 * Prefix: state_.
 */
#include "parent/state.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/own.h"
#include "rundir/state.h"
#include "sys/file.h"
#include "sys/proc.h"

enum { END_TIMEOUT_MS = 5000 };

static void complain(const char *what, const char *path)
{
	struct why why;

	fault_set(&why, FAULT_SETUP, errno, what, path);
	log_fault(&why, "run-dir-failed");
}

/* ---- what a killed poplard left behind ---- */

static bool is_alive(const struct statefile_entry *e)
{
	return proc_started_at(e->pid) == e->started && e->started != 0;
}

/* End the process by SIGTERM or, if it does not end in time, by SIGKILL. This poplard
 * needs the ports that the process still has. */
static void end_orphan(const struct statefile_entry *e)
{
	OWN_FD fd = (int)syscall(SYS_pidfd_open, e->pid, 0);
	struct pollfd gone = { .fd = fd, .events = POLLIN };

	if (fd < 0 || !is_alive(e))
		return;
	log_event(LOG_WARNING, "orphan-ended", LOG_T("role", role_name(e->role)),
		  LOG_N("pid", (uint64_t)e->pid));
	kill(e->pid, SIGTERM);
	if (poll(&gone, 1, END_TIMEOUT_MS) == 0) {
		kill(e->pid, SIGKILL);
		poll(&gone, 1, END_TIMEOUT_MS);
	}
}

static void end_orphans(struct parent *p)
{
	struct statefile file;

	if (statefile_read(p->run_dir, &file) != FAULT_NONE)
		return; /* no state file: nothing was left behind */
	for (size_t i = 0; i < file.count; i++)
		if (file.at[i].role != ROLE_PARENT && is_alive(&file.at[i]))
			end_orphan(&file.at[i]);
	statefile_done(&file);
}

/* ---- of this poplard ---- */

bool state_open(struct parent *p, const struct settings *s)
{
	if (mkdir(s->run_dir, 0755) < 0 && errno != EEXIST) {
		complain("make", s->run_dir);
		return false;
	}
	p->run_dir = open(s->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->run_dir < 0) {
		complain("open", s->run_dir);
		return false;
	}
	if (flock(p->run_dir, LOCK_EX | LOCK_NB) < 0) {
		complain(errno == EWOULDBLOCK ? "lock: another poplard runs there"
					      : "lock",
			 s->run_dir);
		return false;
	}
	end_orphans(p);
	return true;
}

static void put(struct buf *b, enum role role, enum sandbox sandbox, pid_t pid,
		struct ids ids, unsigned number, int abi)
{
	const struct statefile_entry e = {
		role, sandbox, pid, proc_started_at(pid), ids.uid, ids.gid, number, abi
	};

	statefile_put(b, &e);
}

void state_write(const struct parent *p)
{
	static char room[256 * 1024];
	struct buf b = BUF(room);
	struct why why = { 0 };

	put(&b, ROLE_PARENT, SANDBOX_PARENT, getpid(), ids_own(), 0, 0);
	for (const struct generation *g = p->generations; g; g = g->next)
		for (const struct worker *k = g->workers; k; k = k->next)
			if (k->pid > 0)
				put(&b, k->role, k->sandbox, k->pid, k->ids, g->number,
				    k->abi);
	for (const struct port *port = p->ports; port; port = port->next)
		statefile_put_port(&b, settings_name(port->list), port->name);
	statefile_put_build(&b);
	if (b.cut ||
	    file_replace(p->run_dir, STATEFILE_NAME, buf_span(&b), 0644, false, &why))
		log_fault(&why, "state-not-written");
}
