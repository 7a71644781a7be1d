/* parent/relay.h - the children's log lines on their way to syslog(3).
 *
 * Prefix: relay_. A child has no way to syslog from its sandbox: it sends each line to
 * poplard as one datagram, "<PRIORITY>text", with one digit as priority.
 */
#pragma once

#include "parent/parent.h"

/* Open syslog with the facility of the settings and make the socket that children write
 * to. False: no socket could be made, errno tells why. */
MUST_USE bool relay_open(struct parent *p, const struct settings *s);

/* Pass on all lines that have come. */
void relay_pass_on(const struct parent *p);
