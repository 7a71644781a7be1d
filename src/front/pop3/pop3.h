/* front/pop3/pop3.h - the driver of POP3 sessions.
 *
 * Prefix: pop3_. pop3.c hears poplar-auth, poplar-drop and the timer, and steps
 * sessions with what has come; front/turn.c does the rest. src/front/README.md has the
 * table of states and events.
 */
#pragma once

#include "front/pop3/state.h"

/* Make the front serve POP3. `pop3`, all zero, is its memory for all connections, and
 * must outlive it. Call it once, before any message of another process. */
void pop3_start(struct front *f, struct pop3_front *pop3);
