/* parent/events.h - waits for events, and handles them.
 *
 * Prefix: events_.
 */
#pragma once

#include "parent/parent.h"

/* One turn of poplard's loop: sleep until an event comes or a time is due, handle it,
 * and free the generations that have ended. False: no generation is left, so poplard
 * ends. p->signals is a signalfd of SIGCHLD, SIGHUP, SIGTERM and SIGINT. */
MUST_USE bool events_turn(struct parent *p);
