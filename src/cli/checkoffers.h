/* cli/checkoffers.h - poplar check: can anybody log in at all?
 *
 * Prefix: check_.
 */
#pragma once

#include "cli/checking.h"

/* Report it if no user could log in by any mechanism. */
void check_offers(struct checking *c);
