/* parent/lookups.h - the lookup processes, some for each database that is asked.
 *
 * Prefix: lookup_.
 */
#pragma once

#include "parent/parent.h"

/* Find the ids that the processes of each database run as, open what they get, and plan
 * their workers. False: that failed, which has been logged. */
MUST_USE bool lookup_plan(struct generation *g);
