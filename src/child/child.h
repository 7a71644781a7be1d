/* child/child.h - how a child of poplard begins, and how it hears poplard.
 *
 * Prefix: child_.
 */
#pragma once

#include "base/roles.h"
#include "config/settings.h"
#include "ipc/dispatch.h"
#include "sys/sandbox.h"

/* The first member of what a process knows of itself, so that a handler of poplard's
 * messages can be given either. */
struct child {
	enum role role;
	enum sandbox sandbox; /* the role's; poplar-lookup and poplar-auth may change it
			       */
	struct channel parent; /* to poplard; its fd is -1 when poplard has died */
	const struct dispatch *hears;
	bool has_begun; /* poplard has said GO */
	struct settings settings;
	struct channel_inbox inbox;
};

/* The messages of poplard to all children alike, for a process's own list. */
#define CHILD_HEARS(X)                                                                 \
	X(SETTINGS, child_on_settings)                                                 \
	X(GO, child_on_go)
dispatch_fn child_on_settings, child_on_go;

/* Everything from main to the moment when poplard says GO: arguments (--help,
 * --version), log, signals, settings. `hears` handles poplard's messages, is given c,
 * and stays in use. Ends the process where poplard did not start it, is gone, or says
 * something that a handler does not accept. */
void child_begin(struct child *c, enum role role, int argc, char **argv,
		 const struct dispatch *hears);

/* Enter the sandbox, with `dir` (-1: none) as the one folder that stays reachable, and
 * tell poplard. Ends the process where the kernel refuses. */
void child_enter_sandbox(struct child *c, int dir);

/* Handle every message of poplard that is there. False: poplard is gone, or said what
 * it may not say. Then parent.fd is -1, and the process goes on with what it has;
 * nobody starts it again. */
MUST_USE bool child_hear(struct child *c);
