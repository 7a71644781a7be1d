/* cli/checking.h - how the files of `poplar check` report what they find.
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

/* The same with a fault: "cannot open /x: No such file or directory". */
void check_fault(struct checking *c, enum setup_weight weight, const struct why *why);

/* Run a task in a child process that runs as `ids`. The task may call check_say, which
 * counts in the child's copy of *c, and then returns false; c->count then grows by one
 * report of this weight. */
void check_as(struct checking *c, struct ids ids, cli_task_fn *task, void *arg,
	      enum setup_weight weight);
