/* child/child.h - how a child of poplard begins, and how it receives poplard's
 * messages.
 *
 * Prefix: child_.
 */
#pragma once

#include "base/roles.h"
#include "config/settings.h"
#include "ipc/dispatch.h"
#include "sys/sandbox.h"

/* What every child has. A process's own struct begins with it, so that a handler of
 * poplard's messages can use its argument as either. */
struct child {
	enum role role;
	enum sandbox sandbox;  /* at first that of the role; poplar-lookup and
				  poplar-auth may choose another */
	struct channel parent; /* to poplard; fd -1: poplard has died */
	const struct dispatch *hears;
	bool has_begun; /* GO has come */
	struct settings settings;
	struct channel_inbox inbox;
};

/* The messages that poplard sends to every child, as the beginning of a process's list
 * of handlers. */
#define CHILD_HEARS(X)                                                                 \
	X(SETTINGS, child_on_settings)                                                 \
	X(GO, child_on_go)
dispatch_fn child_on_settings, child_on_go;

/* Begin a child, up to the message GO: read the arguments (--help, --version), and set
 * up log, signals and settings. `hears` has the handlers of poplard's messages, which
 * get c as `arg`; it must outlive c. If poplard did not start the process, or dies, or
 * sends a message that its handler does not accept, the process ends. */
void child_begin(struct child *c, enum role role, int argc, char **argv,
		 const struct dispatch *hears);

/* Enter the sandbox, with `dir` (-1: none) as the one folder beneath which the process
 * may open files, and send SANDBOXED. If the kernel refuses, the process ends. */
void child_enter_sandbox(struct child *c, int dir);

/* Receive and handle all messages of poplard that have come. False: poplard is gone, or
 * sent an illegal message, which has been logged. Then parent.fd is -1, and the process
 * goes on with the links that it has; nobody will start it again. */
MUST_USE bool child_hear(struct child *c);
