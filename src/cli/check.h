/* cli/check.h - what the files of `poplar check` share.
 *
 * Prefix: check_.
 */
#pragma once

#include "cli/cli.h"
#include "setup/setup.h"

struct checking {
	struct settings settings;
	struct setup setup;
	struct ids auth, mail;
	bool anonymous;                /* anonymous-user is known, or may be */
	unsigned count[SETUP_WEIGHTS]; /* what has been said, by its weight */
};

/* Print "poplar: trouble: ..." on standard error, and count it. */
void check_say(struct checking *c, enum setup_weight weight, const char *text);
void __attribute__((format(printf, 3, 4)))
check_format(struct checking *c, enum setup_weight weight, const char *format, ...);

/* The same of a fault: "cannot open /x: No such file or directory". */
void check_fault(struct checking *c, enum setup_weight weight, const struct why *why);

/* Run a task as somebody else. It says itself what is wrong, by check_say on a copy of
 * *c, and returns whether all is well; what it said is counted here. */
void check_as(struct checking *c, struct ids ids, cli_task_fn *task, void *arg,
	      enum setup_weight weight);

/* The users files and keys of tokens, as far as they are no databases that are asked.
 */
void check_users(struct checking *c);

/* Can anybody log in at all? */
void check_offers(struct checking *c);

/* The databases that processes of their own ask, as far as can be told without asking
 * them. */
void check_databases(struct checking *c);
