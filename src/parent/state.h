/* parent/state.h - makes and writes the run directory.
 *
 * Prefix: state_. rundir/state.h describes the file `state` there. If poplard was
 * killed, the next poplard ends the processes that this file lists.
 */
#pragma once

#include "parent/parent.h"

/* Make, open and lock the run directory, and end the processes that a killed poplard
 * left behind. False: that failed, which has been logged. */
MUST_USE bool state_open(struct parent *p, const struct settings *s);

/* Write the file `state`: which processes run, and which ports are open. Call it after
 * each change: for a new process before another one gets a link to it, and for one
 * that is gone before its death is logged. */
void state_write(const struct parent *p);
