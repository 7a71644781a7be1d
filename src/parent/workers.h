/* parent/workers.h - the life of one worker.
 *
 * Prefix: worker_, workers_. If a process that lived for ten seconds or more dies,
 * poplard starts it again at once. A quick death is one within ten seconds. After the
 * first in a row, poplard also starts the process at once; after each further one the
 * delay doubles, from 0.1 to 30 seconds.
 */
#pragma once

#include "parent/parent.h"

/* Plan one more worker. NULL: out of memory. */
struct worker *worker_new(struct generation *g, enum role role, struct ids ids);

/* Start the worker's process and send it everything that it needs. If that fails, it is
 * logged and tried again. */
void worker_start(struct parent *p, struct worker *k);

/* The worker's process has died: set the time of the next start. Returns in how many
 * milliseconds that is. */
uint64_t worker_start_later(struct worker *k);

/* Remove the worker from its generation, and free it. */
void worker_forget(struct worker *k);

/* workers_start_due: start the workers whose time has come. workers_next_due: when the
 * next one is due, ms of clock_ms(); UINT64_MAX: none waits. */
void workers_start_due(struct parent *p, uint64_t now);
uint64_t workers_next_due(const struct parent *p);
