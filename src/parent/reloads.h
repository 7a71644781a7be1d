/* parent/reloads.h - poplard reads its configuration again, one reload after another.
 *
 * Prefix: reload_. The outcome of each is written to the run directory
 * (rundir/outcome.h), for `poplar reload`.
 */
#pragma once

#include "parent/parent.h"

/* Remove an old outcome, and collect log lines of reloads from here on. */
void reload_open(struct parent *p);

/* Start a generation by the configuration as it is in the file: at once, or, if another
 * reload is under way, when that one has ended. */
void reload_begin(struct parent *p);

/* Begin the reload that waited for the one before, if that has ended. */
void reload_do_due(struct parent *p);

/* The newest generation serves, or has been given up: write the outcome of its reload,
 * if one is under way. */
void reload_done(struct parent *p);
void reload_refused(struct parent *p);
