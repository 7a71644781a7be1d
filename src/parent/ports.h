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

/* Do processes of this role serve the port? */
bool ports_are_for(enum role role, const struct port *port);

/* Give the generation's Unix sockets, which an older one may have opened, the rights
 * that its settings say. If that fails, it is logged, and the old rights stay. */
void ports_restrict(const struct parent *p, const struct generation *g);

/* Close the ports that no generation names but those that drain, and remove the
 * paths of Unix sockets among them. */
void ports_close_unwanted(struct parent *p);
