/* parent/events.h - what wakes poplard.
 *
 * Prefix: events_.
 */
#pragma once

#include "parent/parent.h"

/* One turn of poplard's loop: sleep until something happens or is due, handle it, and
 * free the generations that have ended. False: no generation is left, poplard ends.
 * p->signals is a signalfd of SIGCHLD, SIGHUP, SIGTERM and SIGINT. */
MUST_USE bool events_turn(struct parent *p);
