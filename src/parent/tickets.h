/* parent/tickets.h - the keys of TLS session tickets, which all fronts share.
 *
 * Prefix: tickets_. The present key makes tickets for two hours and is accepted for two
 * more, so a ticket lives for four hours at most.
 */
#pragma once

#include "parent/parent.h"

/* Make the first key. False: the kernel gives no random octets. */
MUST_USE bool tickets_begin(struct parent *p, uint64_t now);

/* Where it is time, make a new key and send it to the fronts. If the kernel gives no
 * random octets, the old key stays until the next turn. */
void tickets_do_due(struct parent *p, uint64_t now);
