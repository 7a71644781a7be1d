/* authd/fronts.h - poplar-auth's links to the fronts and to poplar-lmtp.
 *
 * Prefix: fronts_. Several threads serve the links, and several may handle messages of
 * one link at the same time.
 */
#pragma once

#include <stdatomic.h>

#include "authd/logins.h"
#include "authd/recipients.h"
#include "child/threaded.h"

/* After so many unread answers, poplar-auth takes no further message from a front until
 * the front has read most of them. As many answers of any size fit into the queue of a
 * front that has read most of its answers. */
enum { FRONTS_ANSWERS_MAX = 16 };

struct fronts {
	struct threaded *process; /* has the channel to poplard, and counts the links */
	struct logins *logins;    /* answers the questions of the fronts */
	atomic_ullong linked;     /* links so far; at first 0 */
};

/* Begin to serve the front at fd, which is taken over. poplard calls the front's
 * process `number`. The link ends if the front closes its end, sends an illegal message
 * or does not read its answers, or if memory runs out; then FRONT_BROKEN asks poplard,
 * once, to replace the front. */
void fronts_link(struct fronts *fronts, uint64_t number, int fd);

/* Likewise for poplar-lmtp, whose link answers questions about recipients. */
void fronts_link_lmtp(struct fronts *fronts, uint64_t number, int fd);
