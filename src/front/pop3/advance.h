/* front/pop3/advance.h - does one step of a connection: what its session asks for.
 *
 * Prefix: advance_. Only pop3.c uses these functions.
 */
#pragma once

#include "front/pop3/state.h"

/* PHASE_OPEN: do one step (struct protocol). */
MUST_USE enum result advance(struct conn *c);

/* Step the session with *ev; if it then asks for a login or a board, send that
 * question. Replies are collected in front->out. *ev is overwritten. */
void advance_step(struct conn *c, struct session_event *ev);

/* Write the greeting to front->out, unless TLS must come first. */
void advance_greet(struct conn *c);

/* TLS is set up: answer STLS, or greet the client of a TLS port. */
void advance_secured(struct conn *c);
