/* base/address.c - IPv4 and IPv6 addresses, without a port or a socket.
 *
 * Prefix: address_.
 */
#include "base/address.h"

#include <arpa/inet.h>

#include "base/buf.h"

/* The prefix of IPv4-mapped IPv6 addresses (RFC 4291 section 2.5.5.2). */
static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

struct address address_of(const void *octets, unsigned bits)
{
	const unsigned char *at = octets;
	struct address a = { .bits = (uint8_t)bits };

	if (bits == 128 && memcmp(at, mapped, sizeof mapped) == 0)
		return address_of(at + sizeof mapped, 32);
	memcpy(a.octets, at, bits / 8);
	return a;
}

bool address_parse(struct span text, struct address *out)
{
	char name[INET6_ADDRSTRLEN];
	unsigned char octets[16];

	if (!span_copy(text, name, sizeof name))
		return false;
	if (inet_pton(AF_INET, name, octets) == 1)
		*out = address_of(octets, 32);
	else if (inet_pton(AF_INET6, name, octets) == 1)
		*out = address_of(octets, 128);
	else
		return false;
	return true;
}

void address_text(const struct address *a, uint16_t port, char out[ADDRESS_TEXT_MAX])
{
	struct buf b = { .at = out, .room = ADDRESS_TEXT_MAX };
	char host[INET6_ADDRSTRLEN] = "";

	inet_ntop(a->bits == 32 ? AF_INET : AF_INET6, a->octets, host, sizeof host);
	buf_text(&b, a->bits == 128 ? "[" : "");
	buf_text(&b, a->bits > 0 ? host : "unknown");
	buf_text(&b, a->bits == 128 ? "]" : "");
	if (a->bits > 0) {
		buf_char(&b, ':');
		buf_u64(&b, port);
	}
	buf_cstr(&b);
}

bool address_is_loopback(const struct address *a)
{
	static const unsigned char one[16] = { [15] = 1 };

	if (a->bits == 32)
		return a->octets[0] == 127;
	return a->bits == 128 && memcmp(a->octets, one, sizeof one) == 0;
}
