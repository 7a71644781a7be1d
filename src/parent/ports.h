/* parent/ports.h - the listening sockets.
 *
 * Prefix: ports_. They outlive generations, so during a reload no client is refused.
 */
#pragma once

#include "parent/parent.h"

/* Open the ports that the generation's settings name and that are not open yet. False:
 * one of them cannot be opened, which has been logged. */
MUST_USE bool ports_open(struct parent *p, const struct generation *g);

/* Do the settings of the generation name this port? */
bool ports_wants(const struct generation *g, const struct port *port);

/* Close the ports that no generation names but those that drain. */
void ports_close_unwanted(struct parent *p);
