/* lmtpd/lmtp.h - the driver of LMTP sessions.
 *
 * Prefix: lmtp_. lmtp.c hears poplar-auth and the maildrop processes, and has the
 * functions of struct protocol.
 */
#pragma once

#include "lmtpd/state.h"

/* Make the process serve LMTP, with `lmtp` as its part of *f. Call it before all other
 * functions of this folder. */
void lmtp_start(struct front *f, struct lmtp_front *lmtp);

/* The settings are known: set the policy of sessions; `descriptors` is the most sockets
 * of deliveries that may be open at a time. False: a network of lmtp-from is malformed.
 */
MUST_USE bool lmtp_set_up(struct front *f, uint32_t descriptors);
