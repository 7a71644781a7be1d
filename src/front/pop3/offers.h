/* front/pop3/offers.h - which mechanisms poplar-auth can check.
 *
 * Prefix: offers_. CAPA must be right from the first connection on, so the front
 * accepts nobody before poplar-auth has said which mechanisms it can check. Until then
 * the front asks again every second.
 */
#pragma once

#include "front/pop3/state.h"

/* Set up the timer. Call it once, when the loop has room for it. */
void offers_start(struct front *f);

/* A poplar-auth has been started: ask it. */
void offers_ask(struct front *f);

/* poplar-auth has answered with this set of mechanisms: accept clients. */
void offers_known(struct front *f, unsigned mechanisms);

/* Clients wait to be accepted. True: the front knows of no mechanism to offer them, and
 * has asked poplar-auth again; offers_known will accept them. False: accept them now.
 */
MUST_USE bool offers_hold_clients(struct front *f);
