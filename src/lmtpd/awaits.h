/* lmtpd/awaits.h - begins to wait for another process.
 */
#pragma once

#include "front/deadline.h"
#include "lmtpd/state.h"

/* Wait from this moment on. Returns RESULT_WAIT. */
static inline enum result lmtp_await(struct conn *c, enum lmtp_awaits awaits)
{
	c->lmtp->awaits = awaits;
	c->lmtp->awaits_since = loop_now(&c->front->loop);
	deadline_set(c);
	return RESULT_WAIT;
}
