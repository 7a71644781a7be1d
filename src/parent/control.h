/* parent/control.h - poplard's end of the socket by which the tool reaches the server.
 *
 * Prefix: control_. The socket's mode admits its owner alone, and poplard also asks the
 * kernel who connects: it accepts root and the user that poplard runs as. poplard reads
 * nothing from a connection; it hands the connection to poplar-auth.
 */
#pragma once

#include "parent/parent.h"

/* Make the socket in the run directory, and listen. A failure is logged. */
void control_open(struct parent *p);

/* Accept one connection, and hand it to the poplar-auth of the newest generation in
 * service. */
void control_accept(const struct parent *p);
