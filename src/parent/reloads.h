/* parent/reloads.h - reloads the configuration, one reload after the other.
 *
 * Prefix: reload_. The outcome of each reload is written to the run directory
 * (rundir/outcome.h), where `poplar reload` reads it.
 */
#pragma once

#include "parent/parent.h"

/* Call it at start: remove the outcome of an earlier poplard, and begin to collect the
 * log lines of reloads. */
void reload_open(struct parent *p);

/* Read the file and start a new generation: at once or, if another reload is under way,
 * when that has ended. */
void reload_begin(struct parent *p);

/* If a reload waits for another one, and that has ended, begin it. */
void reload_do_due(struct parent *p);

/* The newest generation has begun service (reload_done), or was given up
 * (reload_refused): if this was a reload, write its outcome. */
void reload_done(struct parent *p);
void reload_refused(struct parent *p);
