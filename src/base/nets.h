/* base/nets.h - lists of addresses and networks.
 *
 * Prefix: nets_. A network is an address ("192.0.2.1") or one with the number
 * of bits that count ("192.0.2.0/24", "2001:db8::/32").
 */
#pragma once

#include "base/address.h"

enum { NETS_MAX = 32 };

struct nets {
	unsigned count;
	struct net {
		struct address first;
		unsigned bits;
	} at[NETS_MAX];
};

/* False, and nothing added, when `text` is no network or the list is full. */
MUST_USE bool nets_add(struct nets *list, struct span text);

bool nets_hold(const struct nets *list, const struct address *a);

/* The address of a peer as address_text writes it. False: it has none. */
MUST_USE bool nets_peer(struct span peer, struct address *out);

/* The same for a list as text, with commas between its networks, and a peer as
 * address_text writes it ("192.0.2.1:110", "[2001:db8::1]:110"). What cannot be read
 * holds nothing. */
bool nets_text_holds(struct span list, struct span peer);

/* Can all of such a list be read? */
bool nets_text_good(struct span list);
