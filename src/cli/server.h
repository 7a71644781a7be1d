/* cli/server.h - the tool's connection to the running server.
 *
 * Prefix: cli_.
 */
#pragma once

#include "config/settings.h"
#include "ipc/dispatch.h"

/* Connect to poplar-auth of the running server, by way of poplard. Returns a channel;
 * -1: no server answers, which has been reported. */
MUST_USE int cli_connect(const struct settings *s);

/* Send a question to poplar-auth on that channel. FAULT_UNSENDABLE: a text of the
 * question is longer than the server takes, which has been reported. Other faults are
 * those of channel_send. */
MUST_USE enum fault cli_ask(int fd, const struct message *question);

/* Give each answer that comes on that channel to its handler in `answers`, with `arg`.
 * True: a handler has returned false. False: the channel was closed before that, which
 * has been reported. */
MUST_USE bool cli_hear(int fd, const struct dispatch *answers, void *arg);
