/* base/nets.h - lists of addresses and networks.
 *
 * Prefix: nets_. A network is an address ("192.0.2.1"), or an address and the length of
 * the prefix that must match ("192.0.2.0/24", "2001:db8::/32"). A network of IPv4 is
 * written as IPv4: "::ffff:192.0.2.0/120" is malformed.
 */
#pragma once

#include "base/address.h"

enum { NETS_MAX = 32 };

struct nets {
	unsigned count;
	struct net {
		struct address first; /* any address of the network */
		unsigned bits;        /* the length of the prefix that must match */
	} at[NETS_MAX];
};

/* Add a network. False: `text` is malformed, or the list is full. */
MUST_USE bool nets_add(struct nets *list, struct span text);

/* Is the address in one of the networks? */
bool nets_hold(const struct nets *list, const struct address *a);

/* Parse the address of a peer, which address_text wrote. False: it is "unknown", and
 * *out is unchanged. */
MUST_USE bool nets_peer(struct span peer, struct address *out);

/* As nets_hold, for a list that is a text, any number of networks with commas and no
 * spaces between, and a peer as address_text writes it ("192.0.2.1:110",
 * "[2001:db8::1]:110"; no network holds "unknown"). A malformed network holds no
 * address. */
bool nets_text_holds(struct span list, struct span peer);

/* Is every network well-formed in a list that is a text, as for nets_text_holds? True
 * for an empty list. */
bool nets_text_good(struct span list);
