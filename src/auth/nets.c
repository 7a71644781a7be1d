/* auth/nets.c - lists of addresses and networks.
 *
 * Floor 2 (auth). Prefix: nets_.
 */
#include "auth/nets.h"

#include <arpa/inet.h>

struct address {
	int family;
	unsigned bits;
	unsigned char octets[16];
};

static bool read_address(struct span text, struct address *out)
{
	char name[INET6_ADDRSTRLEN];

	if (!span_copy(text, name, sizeof name))
		return false;
	*out = (struct address){ .family = AF_INET, .bits = 32 };
	if (inet_pton(AF_INET, name, out->octets) == 1)
		return true;
	*out = (struct address){ .family = AF_INET6, .bits = 128 };
	return inet_pton(AF_INET6, name, out->octets) == 1;
}

static bool read_peer(struct span peer, struct address *out)
{
	const char *colon = peer.len ? memrchr(peer.at, ':', peer.len) : NULL;

	if (!colon)
		return false;
	struct span host = { peer.at, (size_t)(colon - peer.at) };
	if (host.len >= 2 && host.at[0] == '[' && host.at[host.len - 1] == ']')
		host = (struct span){ host.at + 1, host.len - 2 };
	return read_address(host, out);
}

static bool same_front(const struct address *a, const struct address *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (a->family != b->family || memcmp(a->octets, b->octets, whole) != 0)
		return false;
	return rest == 0 || (a->octets[whole] ^ b->octets[whole]) >> (8 - rest) == 0;
}

static bool net_holds(struct span net, const struct address *peer)
{
	struct address a;
	struct span host;
	uint32_t bits;
	bool whole = !span_cut(&net, '/', &host);

	if (!read_address(host, &a))
		return false;
	if (whole)
		bits = a.bits;
	else if (!span_u32(net, &bits) || bits > a.bits)
		return false;
	return same_front(&a, peer, bits);
}

bool nets_hold(struct span list, struct span peer)
{
	struct address address;
	struct span net;

	if (!read_peer(peer, &address))
		return false;
	while (list.len > 0) {
		span_cut(&list, ',', &net);
		if (net_holds(net, &address))
			return true;
	}
	return false;
}
