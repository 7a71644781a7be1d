/* cli/checkdatabases.h - poplar check: databases that lookup processes ask.
 *
 * Prefix: check_.
 */
#pragma once

#include "cli/checking.h"

/* Check the databases that lookup processes ask, as far as possible without asking
 * them. */
void check_databases(struct checking *c);
