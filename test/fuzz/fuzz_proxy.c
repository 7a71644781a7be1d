/* Octets to a PROXY header: the same however they are cut, never one taken behind its
 * end, and nothing borrowed from outside. The first octet chooses where the second feed
 * begins. */
#include "fuzz.h"

#include "net/proxy.h"

static bool within(struct span s, const struct proxy_reader *r)
{
	return s.len == 0 || (s.at >= r->octets && s.at + s.len <= r->octets + r->len &&
			      s.len <= PROXY_NAME_MAX);
}

static void check(enum proxy_got got, const struct proxy_reader *r,
		  const struct proxy *p)
{
	PROMISE(r->len <= PROXY_OCTETS_MAX);
	if (got != PROXY_DONE)
		return;
	PROMISE((p->source == PROXY_SOURCE_ADDRESS) == (p->address.bits > 0));
	PROMISE(p->address.bits == 0 || p->address.bits == 32 ||
		p->address.bits == 128);
	PROMISE(p->tls || (p->tls_version.len == 0 && p->common_name.len == 0));
	PROMISE(p->source != PROXY_SOURCE_OWN || !p->tls);
	PROMISE(within(p->tls_version, r) && within(p->common_name, r) &&
		within(p->authority, r));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct proxy_reader whole, cut;
	struct span in = { (const char *)data, size };
	struct proxy a = { 0 }, b = { 0 };
	size_t at = fuzz_take(&in);

	whole.len = cut.len = 0;
	at = at < in.len ? at : in.len;
	struct span first = { in.at, at }, rest = span_after(in, at), all = in;
	enum proxy_got one = proxy_feed(&whole, &all, &a);
	enum proxy_got two = proxy_feed(&cut, &first, &b);
	if (two == PROXY_MORE)
		two = proxy_feed(&cut, &rest, &b);
	else
		PROMISE(rest.len == in.len - at);
	PROMISE(one == two && whole.len == cut.len);
	PROMISE(in.len - all.len == whole.len);
	PROMISE(one != PROXY_MORE || all.len == 0);
	check(one, &whole, &a);
	check(two, &cut, &b);
	if (one == PROXY_DONE)
		PROMISE(memcmp(&a.address, &b.address, sizeof a.address) == 0 &&
			a.port == b.port && a.tls == b.tls && a.source == b.source);
	return 0;
}
