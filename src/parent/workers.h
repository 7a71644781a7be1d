/* parent/workers.h - the life of one worker.
 *
 * Prefix: worker_, workers_. A process that lived for ten seconds is started again at
 * once. So is one that died sooner; each quick death in a row after that doubles the
 * delay before the next start, from 0.1 to 30 seconds.
 */
#pragma once

#include "parent/parent.h"

/* Plan one more worker. NULL: out of memory. */
struct worker *worker_new(struct generation *g, enum role role, struct ids ids);

/* Start its process and tell it everything. What fails is logged and tried again. */
void worker_start(struct parent *p, struct worker *k);

/* Its process has died: decide when it is to start again. */
void worker_start_later(struct worker *k);

/* Take it off its generation's list and free it. */
void worker_forget(struct worker *k);

/* Start the workers that are due, and the time when the next one is; UINT64_MAX: none
 * waits. */
void workers_start_due(struct parent *p, uint64_t now);
uint64_t workers_next_due(const struct parent *p);
