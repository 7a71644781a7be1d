/* parent/generation.h - the workers of one reading of the configuration.
 *
 * Prefix: generation_. A generation begins service when every worker has been ready;
 * older ones drain from then on. If a worker dies before, its generation is given up
 * and the older one serves on as if nothing had happened.
 */
#pragma once

#include "parent/parent.h"

/* Exit statuses of poplard (sysexits.h). Starting poplard again after one of these is
 * of no use until somebody changes the arguments or the configuration. */
enum { EXIT_USAGE = 64, EXIT_CONFIG = 78 };

/* Read the configuration and start the processes of a new generation. False: the reason
 * has been logged, and p->failure holds an exit status. */
MUST_USE bool generation_start(struct parent *p);

/* A worker has become ready. If every worker of the generation is, and it does not
 * serve yet: give its fronts the ports and drain the older generations. True: it began
 * service here. */
MUST_USE bool generation_begins_service(struct parent *p, struct generation *g);

/* A worker died before its generation served: kill the others. p->failed becomes true
 * if there is no older generation. */
void generation_give_up(struct parent *p, struct generation *g);

/* Free the generations that drain and have no process left. */
void generation_drop_empty(struct parent *p);
