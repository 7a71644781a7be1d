/* cli/server.h - the tool's connection to the running server.
 *
 * Prefix: cli_.
 */
#pragma once

#include "config/settings.h"

/* Connect to poplar-auth of the running server, by way of poplard. Returns a channel;
 * -1: no server answers, which has been reported. */
MUST_USE int cli_connect(const struct settings *s);
