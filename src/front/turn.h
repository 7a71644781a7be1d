/* front/turn.h - a connection's turns: what it can do is done, until something must be
 * waited for.
 *
 * Prefix: turn_. turn.c hears the client's socket and the timer of a connection,
 * decides for which events the socket is watched, and alone ends connections. The
 * protocol defines what a step is (front/protocol.h). Its driver hears the other
 * processes, and calls turn_resume with what came of it.
 */
#pragma once

#include "front/state.h"

/* Make the front ready to accept clients. Call it once. */
void turn_start(struct front *f);

/* Something has come for connection c, and r is what came of it; RESULT_EVENT has been
 * handled by the protocol before. Do what r demands, and go on as far as possible. The
 * connection may end. */
void turn_resume(struct conn *c, enum result r);

/* End the connection. `how`, for the log; NULL: that has been logged. */
void turn_end(struct conn *c, const char *how);

/* End all connections or, with only_idle, those that wait for their client's next line.
 */
void turn_end_all(struct front *f, bool only_idle);
