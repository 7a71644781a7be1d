/* parent/relay.h - passes the children's log lines on to syslog(3).
 *
 * Prefix: relay_. The sandbox of a child forbids to connect to syslog, so the child
 * sends each line to poplard as one datagram, "<PRIORITY>text", where PRIORITY is one
 * digit.
 */
#pragma once

#include "parent/parent.h"

/* Open syslog with the facility of the settings, and make the socket to which children
 * write. False, and errno: the socket cannot be made. */
MUST_USE bool relay_open(struct parent *p, const struct settings *s);

/* Pass all lines on that have come. */
void relay_pass_on(const struct parent *p);
