/* cli/cli.h - what the commands of poplar have in common.
 *
 * Prefix: cli_.
 */
#pragma once

#include <stdio.h>

#include "base/buf.h"
#include "base/fault.h"
#include "config/settings.h"
#include "sys/ids.h"

/* Exit statuses, most of them from sysexits.h. */
enum {
	CLI_OK = 0,
	CLI_BAD = 1,
	CLI_PARTLY = 2,
	CLI_USAGE = 64,
	CLI_DATA = 65,
	CLI_NO_USER = 67,
	CLI_NO_SERVER = 69,
	CLI_REFUSED = 69,
	CLI_PERMANENT = 70,
	CLI_TEMPORARY = 75,
	CLI_CONFIG = 78,
};

/* Load the configuration. If it is wrong, report why and exit with CLI_CONFIG
 * (cli_load), or return false (cli_try_load). */
void cli_load(const char *config, struct settings *out);
MUST_USE bool cli_try_load(const char *config, struct settings *out);

/* Is "--help" among the arguments of a command? */
bool cli_wants_help(int argc, char **argv);

/* Check the arguments of a command that takes none. False: there are some; the usage
 * has been printed, and the command must return *out_status. */
MUST_USE bool cli_takes_nothing(int argc, char **argv, const char *usage,
				int *out_status);

/* Print a text from outside, safely: control characters, and octets that are not UTF-8,
 * appear as \xXX. */
void cli_show(FILE *to, struct span text);

/* Print "poplar: text: about" on standard error. `about` may be NULL. */
void cli_say(const char *text, const char *about);

/* Print a fault on standard error, as "poplar: cannot open /x: Permission denied"
 * (cli_complain), or append it to *out without "poplar: " (cli_story). */
void cli_complain(const struct why *why);
void cli_story(const struct why *why, struct buf *out);

/* The ids of a user that the settings name or, without root, those of this process.
 * False: no child can run as that user, which has been reported. */
MUST_USE bool cli_find_ids(const char *user, struct ids *out);

/* As root, change to `ids` for good; without root, do nothing. False: the kernel
 * refuses. */
MUST_USE bool cli_become(struct ids ids);

/* From here on, do not end at a request such as SIGTERM. */
void cli_hold_signals(void);

/* Run `task` in a child process that runs as `ids`, with the same standard output and
 * standard error, and wait for it. After `ms` milliseconds (cli_run_for) or CLI_TASK_MS
 * (cli_run_as) the child is killed. True: the task has returned true. */
typedef bool cli_task_fn(void *arg);
enum { CLI_TASK_MS = 10 * 60 * 1000 };
MUST_USE bool cli_run_for(struct ids ids, unsigned ms, cli_task_fn *task, void *arg);
MUST_USE bool cli_run_as(struct ids ids, cli_task_fn *task, void *arg);
