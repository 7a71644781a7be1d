/* parent/state.h - the run directory, as poplard keeps it.
 *
 * Prefix: state_. rundir/state.h describes the file `state` there, by which the next
 * poplard finds and ends what a killed one left behind.
 */
#pragma once

#include "parent/parent.h"

/* Make, open and lock the run directory, and end the processes that a killed poplard
 * left behind. False: that failed, which has been logged. */
MUST_USE bool state_open(struct parent *p, const struct settings *s);

/* Write down which processes run and which ports are open. */
void state_write(const struct parent *p);
