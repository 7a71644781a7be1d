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

/* Exit statuses: those of sysexits.h, where it has one. */
enum {
	CLI_OK = 0,
	CLI_BAD = 1,
	CLI_USAGE = 64,
	CLI_NO_SERVER = 69,
	CLI_PERMANENT = 70,
	CLI_TEMPORARY = 75,
	CLI_CONFIG = 78,
};

/* Load the configuration. If it is wrong, report why and exit with CLI_CONFIG. */
void cli_load(const char *config, struct settings *out);

/* Is "--help" among the arguments of a command? */
bool cli_wants_help(int argc, char **argv);

/* For a command that takes no arguments. False: it has some, so the usage has been
 * printed and the command returns *out_status. */
MUST_USE bool cli_takes_nothing(int argc, char **argv, const char *usage,
				int *out_status);

/* Print a text that others have written: control characters, and octets that are no
 * UTF-8, appear as \xXX. */
void cli_show(FILE *to, struct span text);

/* Print "poplar: text: about" on standard error. `about` may be NULL. */
void cli_say(const char *text, const char *about);

/* Print "poplar: cannot open /x: Permission denied" on standard error, or write the
 * same without "poplar: ". */
void cli_complain(const struct why *why);
void cli_story(const struct why *why, struct buf *out);

/* The ids of a user that the settings name; without root, our own. False: no child can
 * run as that user, which has been reported. */
MUST_USE bool cli_find_ids(const char *user, struct ids *out);

/* As root, become `ids` for good; without root, stay who we are. */
MUST_USE bool cli_become(struct ids ids);

/* Run `task` in a child process that has become `ids`. Its output goes where ours goes.
 * True: the task returned true. */
typedef bool cli_task_fn(void *arg);
MUST_USE bool cli_run_as(struct ids ids, cli_task_fn *task, void *arg);
