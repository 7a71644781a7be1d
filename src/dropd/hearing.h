/* dropd/hearing.h - how a session or a delivery hears its peer.
 *
 * Prefix: hearing_. `user` names the maildrop in the log.
 */
#pragma once

#include "ipc/dispatch.h"

/* A sound peer never sends this: it may be captured, so its session or delivery ends;
 * that is logged. Returns false. */
bool hearing_illegal(const char *user, const char *message, const char *reason);

/* Receive one message without waiting, and hand it to its handler with `arg`. True: the
 * session or delivery goes on. False: it is over, as its handler says, or because the
 * channel is closed, or broken, which has been logged. */
MUST_USE bool hearing_one(struct channel *channel, const struct dispatch *handlers,
			  void *arg, const char *user);
