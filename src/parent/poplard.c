/* parent/poplard.c - poplard: reads the configuration, binds the ports, starts, watches
 * and restarts the others. It touches no octet of a client.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "base/version.h"
#include "config/file/file.h"
#include "parent/notify.h"
#include "parent/parent.h"
#include "sys/clock.h"
#include "sys/proc.h"
#include "sys/sandbox.h"

enum {
	ROTATE_MS = 2 * 3600 *
		    1000, /* ticket keys: a ticket lives for two turns at most */
	POLLS_MAX = 4096,
	FIXED_POLLS = 4, /* signals, relay, control, watch */
};

static const char usage[] =
	"usage: poplard [-c FILE]\n"
	"\n"
	"Serves maildrops over POP3, in the foreground. See poplard(8).\n"
	"\n"
	"  -c, --config FILE   configuration (" CONFIG_FILE_DEFAULT ")\n"
	"      --help          this text\n"
	"      --version       the version\n"
	"\n"
	"SIGHUP reads the configuration anew, as `poplar reload` has it do; SIGTERM "
	"ends "
	"the\n"
	"server.\n"
	"`poplar check` tells what is wrong without starting anything.\n";

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
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	const char *config = CONFIG_FILE_DEFAULT;
	int option;

	while ((option = getopt_long(argc, argv, "c:hv", options, NULL)) >= 0) {
		if (option == 'c')
			config = optarg;
		else if (option == 'v')
			printf("poplard %s\n", POPLAR_VERSION);
		else
			fputs(usage, option == 'h' ? stdout : stderr);
		if (option != 'c')
			exit(option == '?' ? EXIT_USAGE : EXIT_SUCCESS);
	}
	if (optind < argc) {
		fputs(usage, stderr);
		exit(EXIT_USAGE);
	}
	return config;
}

/* The children's executables lie beside ours, in a build tree, or where they were
 * installed. They are opened once: an upgrade takes effect when poplard itself is
 * started anew, as a whole. */
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

/* Lines of the children come as datagrams, one each, and go on to syslog(3). */
static void make_relay(struct parent *p, const struct settings *s)
{
	static const int facilities[] = { LOG_MAIL,   LOG_LOCAL0, LOG_LOCAL1,
					  LOG_LOCAL2, LOG_LOCAL3, LOG_LOCAL4,
					  LOG_LOCAL5, LOG_LOCAL6, LOG_LOCAL7 };
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
		die("socketpair", errno);
	p->relay = pair[0];
	p->log = pair[1];
	p->log_kind = LOGSINK_RELAY;
	openlog("poplar", LOG_NDELAY, facilities[s->syslog_facility]);
}

static void start_log(struct parent *p, const struct settings *s)
{
	p->relay = -1;
	p->log_kind = logsink_detect();
	logsink_append(STDERR_FILENO);
	if (s->log == LOG_TO_SYSLOG)
		make_relay(p, s);
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

static void make_ticket_keys(struct parent *p, uint64_t now)
{
	memcpy(p->keys[1], p->keys[0], sizeof p->keys[1]);
	p->has_before = p->rotate_at > 0;
	if (getrandom(p->keys[0], sizeof p->keys[0], 0) != (ssize_t)sizeof p->keys[0])
		die("getrandom", errno);
	p->rotate_at = now + ROTATE_MS;
}

static void make_connlimit(struct parent *p)
{
	if (connlimit_make(&p->connlimit_fd, NULL) ||
	    !connlimit_open(&p->connlimit, p->connlimit_fd, 0))
		die("table of connections", errno);
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

/* Every step that can be done once. What a reload may change is in generations.c. */
static void begin(struct parent *p)
{
	OWN_SETTINGS s = { 0 };

	if (config_load(p->config, &s, say, NULL))
		exit(EXIT_CONFIG);
	p->is_root = geteuid() == 0;
	const char *lacks = proc_kernel_lacks();
	if (lacks)
		die_of_kernel(lacks);
	close_range(STDERR_FILENO + 1, ~0U, 0); /* whatever our starter left open */
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
	make_ticket_keys(p, clock_ms());
	if (!tls_start())
		die("OpenSSL", 0);
	make_connlimit(p);
	enter_sandbox();
	log_event(LOG_NOTICE, "starting", LOG_T("version", POPLAR_VERSION),
		  LOG_T("config", p->config));
	if (!generation_start(p))
		exit(p->failure);
}

/* ---- the loop ---- */

static void tell_everyone(const struct parent *p, enum role only,
			  enum message_kind kind)
{
	for (const struct generation *g = p->generations; g; g = g->next)
		for (const struct worker *k = g->workers; k; k = k->next)
			if (k->role == only)
				worker_tell(k, kind);
}

static void stop(struct parent *p, const char *why)
{
	if (p->stopping)
		return;
	p->stopping = true;
	p->kill_at = clock_ms() + p->generations->settings.grace * UINT64_C(1000);
	log_event(LOG_NOTICE, "stopping", LOG_T("cause", why));
	notify_systemd("STOPPING=1");
	tell_everyone(p, ROLE_FRONT, MESSAGE_STOP);
	tell_everyone(p, ROLE_AUTH, MESSAGE_DRAIN);
	tell_everyone(p, ROLE_DROP, MESSAGE_DRAIN);
	tell_everyone(p, ROLE_LOOKUP, MESSAGE_DRAIN);
}

static void reap(struct parent *p)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		workers_died(p, pid, status);
}

static void on_signals(struct parent *p)
{
	struct signalfd_siginfo info;

	while (read(p->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGCHLD)
			reap(p);
		else if (info.ssi_signo == SIGHUP && !p->stopping)
			reload_begin(p);
		else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			stop(p, info.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
	}
}

static void on_relay(const struct parent *p)
{
	char line[2048];
	ssize_t n;

	while ((n = recv(p->relay, line, sizeof line - 1, MSG_DONTWAIT)) > 0) {
		bool marked = n > 3 && line[0] == '<' && line[2] == '>';

		line[n] = '\0';
		syslog(marked ? line[1] - '0' : LOG_ERR, "%s", line + (marked ? 3 : 0));
	}
}

static void kill_all(const struct parent *p)
{
	for (const struct generation *g = p->generations; g; g = g->next) {
		for (const struct worker *k = g->workers; k; k = k->next) {
			if (k->pid == 0)
				continue;
			log_event(LOG_WARNING, "killing",
				  LOG_T("role", role_name(k->role)),
				  LOG_N("pid", (uint64_t)k->pid));
			kill(k->pid, SIGKILL);
		}
	}
}

static void do_what_is_due(struct parent *p)
{
	uint64_t now = clock_ms();

	reload_do_due(p);
	workers_start_due(p, now);
	renewal_do_due(p, now);
	if (p->stopping && now >= p->kill_at) {
		kill_all(p);
		p->kill_at = now + 1000;
	}
	if (now >= p->rotate_at) {
		make_ticket_keys(p, now);
		for (struct generation *g = p->generations; g; g = g->next)
			for (struct worker *k = g->workers; k; k = k->next)
				if (k->role == ROLE_FRONT)
					worker_tell_ticket_keys(p, k);
	}
}

static uint64_t next_due(const struct parent *p)
{
	uint64_t due = p->stopping && p->kill_at < p->rotate_at ? p->kill_at
								: p->rotate_at;

	if (renewal_next_due(p) < due)
		due = renewal_next_due(p);
	for (const struct generation *g = p->generations; g; g = g->next)
		for (const struct worker *k = g->workers; k; k = k->next)
			if (k->pid == 0 && k->start_at > 0 && k->start_at < due)
				due = k->start_at;
	return due;
}

static void wait_for_something(struct parent *p)
{
	static struct pollfd polls[POLLS_MAX];
	static struct worker *workers[POLLS_MAX];
	uint64_t now = clock_ms(), due = next_due(p);
	nfds_t count = FIXED_POLLS;

	polls[0] = (struct pollfd){ .fd = p->signals, .events = POLLIN };
	polls[1] = (struct pollfd){ .fd = p->relay, .events = POLLIN };
	polls[2] = (struct pollfd){ .fd = p->control, .events = POLLIN };
	polls[3] = (struct pollfd){ .fd = p->watch, .events = POLLIN };
	for (struct generation *g = p->generations; g; g = g->next) {
		for (struct worker *k = g->workers; k && count < POLLS_MAX;
		     k = k->next) {
			if (k->channel < 0)
				continue;
			workers[count] = k;
			polls[count++] =
				(struct pollfd){ .fd = k->channel, .events = POLLIN };
		}
	}
	if (poll(polls, count, due > now ? (int)(due - now) : 0) <= 0)
		return;
	for (nfds_t i = FIXED_POLLS; i < count; i++)
		if (polls[i].revents && workers[i]->channel == polls[i].fd)
			worker_hear(p, workers[i]);
	if (polls[1].revents)
		on_relay(p);
	if (polls[2].revents)
		control_accept(p);
	if (polls[3].revents)
		renewal_heard(p);
	if (polls[0].revents)
		on_signals(p);
}

int main(int argc, char **argv)
{
	static struct parent p = { .run_dir = -1, .control = -1, .watch = -1 };

	p.config = parse_args(argc, argv);
	begin(&p);
	while (p.generations) {
		wait_for_something(&p);
		do_what_is_due(&p);
		if (p.stopping)
			for (struct generation *g = p.generations; g; g = g->next)
				g->draining = true;
		generation_drop_empty(&p);
	}
	unlinkat(p.run_dir, CONTROL_NAME, 0);
	log_event(LOG_NOTICE, "stopped");
	if (p.relay >= 0)
		on_relay(&p);
	return p.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
