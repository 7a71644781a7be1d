/* auth/nets.h - lists of addresses and networks.
 *
 * Floor 2 (auth). Prefix: nets_.
 */
#pragma once

#include "base/span.h"

/* Is the address of `peer` ("192.0.2.1:110", "[2001:db8::1]:110") in the list? The list
 * has commas between addresses ("192.0.2.1") and networks ("192.0.2.0/24",
 * "2001:db8::/32"). What cannot be read holds nothing. */
bool nets_hold(struct span list, struct span peer);
