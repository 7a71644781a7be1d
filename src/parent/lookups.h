/* parent/lookups.h - plans the lookup processes, which ask databases.
 *
 * Prefix: lookup_.
 */
#pragma once

#include "parent/parent.h"

/* For each database that lookup processes ask: find the ids that they run as, open the
 * folder that they may read, and plan their workers. False: that has failed, and was
 * logged. */
MUST_USE bool lookup_plan(struct generation *g);
