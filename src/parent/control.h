/* parent/control.h - the socket by which the tool reaches the server.
 *
 * Prefix: control_. Its mode admits its owner alone, and poplard also asks the kernel
 * who connects: root, or the user that poplard runs as. poplard reads nothing that is
 * sent there; it hands the connection to poplar-auth.
 */
#pragma once

#include "parent/parent.h"

/* Listen in the run directory. What fails is logged. */
void control_open(struct parent *p);

/* Accept one connection and hand it to the poplar-auth that serves new logins. */
void control_accept(const struct parent *p);
