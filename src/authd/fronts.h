/* authd/fronts.h - poplar-auth's links to the fronts.
 *
 * Prefix: fronts_. For many threads, which may serve one link at the same time.
 */
#pragma once

#include <stdatomic.h>

#include "authd/logins.h"
#include "child/threaded.h"

/* A front whose queue has room again after it was full can be sent so many answers of
 * any size: after as many unread answers, the link hears nothing more from the front
 * until the front has read most of them. */
enum { FRONTS_ANSWERS_MAX = 16 };

struct fronts {
	struct threaded *process; /* counts the links, and tells poplard of lost ones */
	struct logins *logins;    /* answers the fronts */
	atomic_ullong linked;     /* links so far; at first 0 */
};

/* Serve the front at fd, which the link owns from here on. `number` is poplard's name
 * for the front's process. If the front closes the link, breaks the protocol or does
 * not read its answers, or if there is no memory for the link, the link ends, and
 * FRONT_BROKEN tells poplard, once, to replace the front. */
void fronts_link(struct fronts *fronts, uint64_t number, int fd);
