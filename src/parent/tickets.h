/* parent/tickets.h - the keys of TLS session tickets, which all fronts and poplar-lmtp
 * share.
 *
 * Prefix: tickets_. For two hours these processes make tickets with a key, and for two
 * more hours they accept those tickets. So a ticket is valid for four hours at most.
 */
#pragma once

#include "parent/parent.h"

/* Make the first key. False: the kernel gives no random octets. */
MUST_USE bool tickets_begin(struct parent *p, uint64_t now);

/* If it is time, make a new key and send it to these processes. If the kernel gives no
 * random octets, the old key stays until the next time. */
void tickets_do_due(struct parent *p, uint64_t now);
