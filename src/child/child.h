/* child/child.h - how a child of poplard begins.
 *
 * Prefix: child_.
 */
#pragma once

#include "base/roles.h"
#include "config/settings.h"
#include "ipc/channel.h"
#include "sys/sandbox.h"

struct child {
	enum role role;
	enum sandbox sandbox; /* the role's; poplar-lookup chooses its own */
	int parent;           /* channel to poplard; -1 when it has died */
	struct settings settings;
	struct channel_inbox inbox;
};

/* Called for each message that is not for all children alike. The descriptor is the
 * callee's. */
typedef void child_take_fn(void *arg, const struct message *m, int fd);

/* Everything from main to the moment when the parent says GO: arguments (--help,
 * --version), log, signals, settings; other messages go to `take`. Ends the process
 * when it was not started by poplard, or when the parent is gone or talks nonsense. */
void child_begin(struct child *c, enum role role, int argc, char **argv,
		 child_take_fn *take, void *arg);

/* Raise the walls and tell the parent. Ends the process when they do not stand. */
void child_enter_sandbox(struct child *c, int dir);

/* Take in what the parent has said. False when it is gone: then parent is -1, and the
 * process goes on with what it has, without anyone to restart it. */
MUST_USE bool child_hear(struct child *c, child_take_fn *take, void *arg);
