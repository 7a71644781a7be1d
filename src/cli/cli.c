/* cli/cli.c - what the commands of poplar have in common.
 *
 * Prefix: cli_.
 */
#include "cli/cli.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "config/file/file.h"
#include "sys/proc.h"

static void say(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "poplar: %s\n", text);
}

bool cli_try_load(const char *config, struct settings *out)
{
	return config_load(config, out, say, NULL) == FAULT_NONE;
}

void cli_load(const char *config, struct settings *out)
{
	if (!cli_try_load(config, out))
		exit(CLI_CONFIG);
}

void cli_say(const char *text, const char *about)
{
	fprintf(stderr, "poplar: %s%s%s\n", text, about ? ": " : "",
		about ? about : "");
}

void cli_show(FILE *to, struct span text)
{
	while (text.len > 0) {
		const size_t len = utf8_first(text);
		const uint32_t code = len > 0 ? utf8_code(text) : 0;

		const bool shown = code >= ' ' && (code < 0x7f || code >= 0xa0);

		if (shown)
			fwrite(text.at, 1, len, to);
		else
			fprintf(to, "\\x%02x", (unsigned char)text.at[0]);
		text = span_after(text, shown ? len : 1);
	}
}

void cli_story(const struct why *why, struct buf *out)
{
	buf_text(out, why->doing ? "cannot " : fault_text(why->fault));
	fault_story(why, out);
}

void cli_complain(const struct why *why)
{
	char room[1024];
	struct buf story = BUF(room);

	cli_story(why, &story);
	cli_say(buf_cstr(&story), NULL);
}

bool cli_wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}

bool cli_takes_nothing(int argc, char **argv, const char *usage, int *out_status)
{
	const bool help = cli_wants_help(argc, argv);

	if (argc > 1)
		fputs(usage, help ? stdout : stderr);
	*out_status = help ? CLI_OK : CLI_USAGE;
	return argc <= 1;
}

bool cli_find_ids(const char *user, struct ids *out)
{
	*out = (struct ids){ 0 };
	const enum ids_found found = ids_find(user, "", out);
	if (found == IDS_ROOT)
		cli_say("Poplar never runs as uid 0, which this user has", user);
	else if (found != IDS_FOUND)
		cli_say(errno ? strerrordesc_np(errno) : "there is no such user", user);
	return found == IDS_FOUND;
}

bool cli_become(struct ids ids)
{
	return geteuid() != 0 ||
	       (setgroups(0, NULL) == 0 && setresgid(ids.gid, ids.gid, ids.gid) == 0 &&
		setresuid(ids.uid, ids.uid, ids.uid) == 0);
}

void cli_hold_signals(void)
{
	static const int requests[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,
					SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
		sigaddset(&set, requests[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

bool cli_run_as(struct ids ids, cli_task_fn *task, void *arg)
{
	return cli_run_for(ids, CLI_TASK_MS, task, arg);
}

bool cli_run_for(struct ids ids, unsigned ms, cli_task_fn *task, void *arg)
{
	sigset_t set, before;
	int status = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &before);
	pid_t pid = fork();
	if (pid == 0) {
		signal(SIGTSTP, SIG_IGN); /* Ctrl-Z stops the parent alone */
		_exit(cli_become(ids) && task(arg) ? CLI_OK : CLI_BAD);
	}
	const char *trouble = pid > 0 ? proc_wait(pid, ms, &status)
				      : "could not be started";
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (!trouble && WIFSIGNALED(status))
		trouble = "was killed";
	if (trouble)
		fprintf(stderr, "poplar: the process that worked as uid %u %s\n",
			(unsigned)ids.uid, trouble);
	return !trouble && WEXITSTATUS(status) == CLI_OK;
}
