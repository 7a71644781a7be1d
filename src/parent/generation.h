/* parent/generation.h - the workers of one reading of the configuration.
 *
 * Prefix: generation_. A generation begins service when each of its workers has been
 * ready once; then older generations drain. If a worker dies before, poplard gives the
 * new generation up, and the older one goes on serving.
 */
#pragma once

#include "parent/parent.h"

/* Exit statuses of poplard (sysexits.h). After one of these, poplard fails again until
 * somebody changes the arguments or the configuration. */
enum { EXIT_USAGE = 64, EXIT_CONFIG = 78 };

/* Read the configuration and start the processes of a new generation. False: the reason
 * has been logged, and p->failure holds an exit status. */
MUST_USE bool generation_start(struct parent *p);

/* A worker has become ready. If all workers of the generation are ready, and it is not
 * in service yet, begin service: give its fronts and its poplar-lmtp the ports, and
 * drain the older generations. True: service has begun with this call. */
MUST_USE bool generation_begins_service(struct parent *p, struct generation *g);

/* A worker has died before its generation was in service: kill the other workers. If no
 * older generation exists, p->failed becomes true. */
void generation_give_up(struct parent *p, struct generation *g);

/* Free each generation that drains and has no process left. */
void generation_drop_empty(struct parent *p);
