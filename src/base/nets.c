/* base/nets.c - lists of addresses and networks.
 *
 * Prefix: nets_.
 */
#include "base/nets.h"

static bool read_net(struct span text, struct net *out)
{
	struct span host;
	struct net net;
	bool whole = !span_cut(&text, '/', &host);

	if (!address_parse(host, &net.first))
		return false;
	net.bits = net.first.bits;
	if (!whole && (!span_u32(text, &net.bits) || net.bits > net.first.bits))
		return false;
	*out = net;
	return true;
}

static bool net_holds(const struct net *net, const struct address *a)
{
	unsigned whole = net->bits / 8, rest = net->bits % 8;

	if (net->first.bits != a->bits ||
	    memcmp(net->first.octets, a->octets, whole) != 0)
		return false;
	return rest == 0 ||
	       (net->first.octets[whole] ^ a->octets[whole]) >> (8 - rest) == 0;
}

bool nets_add(struct nets *list, struct span text)
{
	if (list->count == NETS_MAX || !read_net(text, &list->at[list->count]))
		return false;
	list->count++;
	return true;
}

bool nets_hold(const struct nets *list, const struct address *a)
{
	for (unsigned i = 0; i < list->count; i++)
		if (net_holds(&list->at[i], a))
			return true;
	return false;
}

bool nets_peer(struct span peer, struct address *out)
{
	const char *colon = peer.len ? memrchr(peer.at, ':', peer.len) : NULL;

	if (!colon)
		return false;
	struct span host = { peer.at, (size_t)(colon - peer.at) };
	if (host.len >= 2 && host.at[0] == '[' && host.at[host.len - 1] == ']')
		host = (struct span){ host.at + 1, host.len - 2 };
	return address_parse(host, out);
}

bool nets_text_holds(struct span list, struct span peer)
{
	struct address address;
	struct span text;
	struct net net;

	if (!nets_peer(peer, &address))
		return false;
	while (list.len > 0) {
		span_cut(&list, ',', &text);
		if (read_net(text, &net) && net_holds(&net, &address))
			return true;
	}
	return false;
}

bool nets_text_good(struct span list)
{
	struct span text;
	struct net net;

	while (list.len > 0) {
		span_cut(&list, ',', &text);
		if (!read_net(text, &net))
			return false;
	}
	return true;
}
