/* cli/checking.h - what the files of `poplar check` have in common: how they report.
 *
 * Prefix: check_.
 */
#pragma once

#include "cli/cli.h"
#include "setup/setup.h"

struct checking {
	struct settings settings;
	struct setup setup;
	struct ids auth, mail;         /* of auth-user and mail-user */
	bool anonymous;                /* anonymous-user exists, or may exist */
	unsigned count[SETUP_WEIGHTS]; /* reports so far, by weight */
};

/* Print "poplar: trouble: ..." on standard error, and count it. */
void check_say(struct checking *c, enum setup_weight weight, const char *text);
void __attribute__((format(printf, 3, 4)))
check_format(struct checking *c, enum setup_weight weight, const char *format, ...);

/* The same with "cannot open /x: No such file or directory". */
void check_fault(struct checking *c, enum setup_weight weight, const struct why *why);

/* Run a task in a process that has become `ids`. It reports by check_say into its copy
 * of *c and returns false if it has; one report of this weight is counted here then. */
void check_as(struct checking *c, struct ids ids, cli_task_fn *task, void *arg,
	      enum setup_weight weight);
