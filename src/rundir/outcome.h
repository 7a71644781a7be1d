/* rundir/outcome.h - the file in the run directory that tells what came of a reload.
 *
 * Prefix: outcome_. poplard writes it, `poplar reload` waits for it.
 * Its first line is "NUMBER WORD"; behind it stand the lines that poplard logged
 * meanwhile, from warnings on.
 */
#pragma once

#include "base/fault.h"

#define OUTCOME_NAME "reload"

/* clang-format off */
#define OUTCOME_TABLE(X) \
	X(BEGUN,   "begun")   /* the configuration is about to be read */ \
	X(DONE,    "done")    /* new connections are served by it */ \
	X(REFUSED, "refused") /* nothing has changed */
/* clang-format on */

enum outcome_state {
#define X(id, word) OUTCOME_##id,
	OUTCOME_TABLE(X)
#undef X
		OUTCOME_STATES
};

struct outcome {
	uint64_t number; /* of the reload, since poplard was started; 0: none yet */
	enum outcome_state state;
	struct span said; /* lines */
	char *text;       /* all of the file */
};

/* FAULT_IO, with the story in *why. */
MUST_USE enum fault outcome_write(int run_dir, const struct outcome *outcome,
				  struct why *why);

/* All zero where there is none. outcome_done afterwards. */
void outcome_read(int run_dir, struct outcome *out);
void outcome_done(struct outcome *outcome);
