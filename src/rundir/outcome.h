/* rundir/outcome.h - the file in the run directory with the outcome of the last reload.
 *
 * Prefix: outcome_. poplard writes the file, `poplar reload` waits for it. The first
 * line is "NUMBER WORD", where WORD is one of the table. The lines follow that poplard
 * logged during the reload with priority warning or higher.
 */
#pragma once

#include "base/fault.h"

#define OUTCOME_NAME "reload"

/* clang-format off */
#define OUTCOME_TABLE(X) \
	X(BEGUN,   "begun")   /* the configuration will be read */ \
	X(DONE,    "done")    /* new connections are served by the new configuration */ \
	X(REFUSED, "refused") /* the old configuration stays in force */
/* clang-format on */

enum outcome_state {
#define X(id, word) OUTCOME_##id,
	OUTCOME_TABLE(X)
#undef X
		OUTCOME_STATES
};

struct outcome {
	uint64_t number; /* counts reloads since poplard started; 0: none yet */
	enum outcome_state state;
	struct span said; /* the log lines */
	char *text;       /* the whole file, to which `said` points; NULL: none */
};

/* Replace the file. FAULT_IO, with the story in *why. */
MUST_USE enum fault outcome_write(int run_dir, const struct outcome *outcome,
				  struct why *why);

/* Read the file. If it is missing or malformed, *out is zero. outcome_done frees it. */
void outcome_read(int run_dir, struct outcome *out);
void outcome_done(struct outcome *outcome);
