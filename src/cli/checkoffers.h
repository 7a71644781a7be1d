/* cli/checkoffers.h - poplar check: can anybody log in at all?.
 *
 * Prefix: check_.
 */
#pragma once

#include "cli/checking.h"

/* Report if no mechanism can let anybody in. */
void check_offers(struct checking *c);
