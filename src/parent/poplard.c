/* parent/poplard.c - poplard: reads the configuration, opens the ports, and starts,
 * watches and restarts the other processes. It reads nothing that a client sent.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "base/version.h"
#include "config/file/file.h"
#include "parent/control.h"
#include "parent/events.h"
#include "parent/generation.h"
#include "parent/ports.h"
#include "parent/relay.h"
#include "parent/reloads.h"
#include "parent/state.h"
#include "parent/tickets.h"
#include "rundir/control.h"
#include "setup/options.h"
#include "sys/clock.h"
#include "sys/proc.h"
#include "sys/sandbox.h"
#include "tls/tls.h"

static const char usage[] =
	"usage: poplard [-c FILE]\n"
	"\n"
	"Serves maildrops over POP3 and stays in the foreground. See poplard(8).\n"
	"\n"
	"  -c, --config FILE   configuration (" CONFIG_FILE_DEFAULT ")\n"
	"      --help          print this text\n"
	"      --version       print the version\n"
	"\n"
	"On SIGHUP poplard reads the configuration again, as by `poplar reload`; on\n"
	"SIGTERM it ends. `poplar check` reports mistakes in the configuration, and\n"
	"starts nothing.\n";

/* ---- the beginning ---- */

static _Noreturn void die(const char *what, int sys)
{
	fprintf(stderr, "poplard: %s%s%s\n", what, sys ? ": " : "",
		sys ? strerrordesc_np(sys) : "");
	exit(EXIT_FAILURE);
}

static _Noreturn void die_of_kernel(const char *lacks)
{
	fprintf(stderr,
		"poplard: this kernel has no %s, or a container forbids it; nothing "
		"works without it\n",
		lacks);
	exit(EXIT_FAILURE);
}

static void say(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "poplard: %s\n", text);
}

static const char *parse_args(int argc, char **argv)
{
	const char *config = CONFIG_FILE_DEFAULT;

	switch (options_read(argc, argv, false, &config)) {
	case OPTIONS_GIVEN:
		if (optind == argc)
			return config;
		break;
	case OPTIONS_HELP:
		fputs(usage, stdout);
		exit(EXIT_SUCCESS);
	case OPTIONS_VERSION:
		printf("poplard %s\n", POPLAR_VERSION);
		exit(EXIT_SUCCESS);
	case OPTIONS_WRONG:
		break;
	}
	fputs(usage, stderr);
	exit(EXIT_USAGE);
}

/* The children's executables lie beside poplard's own (in a build tree) or where they
 * are installed. They are opened once, so that an upgrade takes effect as a whole, when
 * poplard itself is restarted. */
static void open_executables(struct parent *p)
{
	char own[PATH_MAX] = "";
	ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
	char *slash = n > 0 ? strrchr(own, '/') : NULL;

	if (slash)
		*slash = '\0';
	for (enum role role = ROLE_FRONT; role < ROLE_TOOL; role++) {
		char path[PATH_MAX + 64];

		snprintf(path, sizeof path, "%s/%s", own, role_name(role));
		p->exe[role] = open(path, O_PATH | O_CLOEXEC);
		if (p->exe[role] >= 0)
			continue;
		snprintf(path, sizeof path, "%s/%s", POPLAR_LIBEXECDIR,
			 role_name(role));
		p->exe[role] = open(path, O_PATH | O_CLOEXEC);
		if (p->exe[role] < 0)
			die(path, errno);
	}
}

static void start_log(struct parent *p, const struct settings *s)
{
	p->relay = -1;
	p->log_kind = logsink_detect();
	logsink_append(STDERR_FILENO);
	if (s->log == LOG_TO_SYSLOG)
		p->log = relay_open(p, s) ? p->log : -1;
	else
		p->log = logsink_reopen(STDERR_FILENO);
	if (p->log < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		die("standard error", errno);
	logsink_use(p->log, p->log_kind, "poplard");
	log_level(LOG_ERR + (int)s->log_level);
}

static void block_signals(struct parent *p)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	p->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (p->signals < 0)
		die("signalfd", errno);
}

static void make_connlimit(struct parent *p)
{
	if (connlimit_make(&p->connlimit_fd, NULL) ||
	    !connlimit_open(&p->connlimit, p->connlimit_fd, 0))
		die("connection limit table", errno);
}

static void enter_sandbox(void)
{
	struct why why = { 0 };
	int abi;

	if (proc_keep_parent_capabilities(&why) ||
	    sandbox_enter(SANDBOX_PARENT, -1, &abi, &why)) {
		log_fault(&why, "sandbox-failed");
		exit(EXIT_FAILURE);
	}
}

/* Everything that is done once. parent/generation.c does what a reload may change. */
static void begin(struct parent *p)
{
	OWN_SETTINGS s = { 0 };

	if (config_load(p->config, &s, say, NULL))
		exit(EXIT_CONFIG);
	p->is_root = geteuid() == 0;
	const char *lacks = proc_kernel_lacks();
	if (lacks)
		die_of_kernel(lacks);
	close_range(STDERR_FILENO + 1, ~0U,
		    0); /* left open by the program that started poplard */
	open_executables(p);
	proc_raise_descriptor_limit();
	proc_unlimit_locks();
	proc_no_core();
	block_signals(p);
	start_log(p, &s);
	if (!state_open(p, &s))
		exit(EXIT_FAILURE);
	control_open(p);
	reload_open(p);
	if (!tickets_begin(p, clock_ms()))
		die("getrandom", errno);
	if (!tls_start())
		die("OpenSSL", 0);
	make_connlimit(p);
	enter_sandbox();
	log_event(LOG_NOTICE, "starting", LOG_T("version", POPLAR_VERSION),
		  LOG_T("config", p->config));
	if (!generation_start(p))
		exit(p->failure);
}

int main(int argc, char **argv)
{
	static struct parent p = { .run_dir = -1, .control = -1, .watch = -1 };

	p.config = parse_args(argc, argv);
	begin(&p);
	while (events_turn(&p))
		;
	ports_close_unwanted(&p);
	unlinkat(p.run_dir, CONTROL_NAME, 0);
	log_event(LOG_NOTICE, "stopped");
	if (p.relay >= 0)
		relay_pass_on(&p);
	return p.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
