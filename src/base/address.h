/* base/address.h - addresses of the Internet, without a port or a socket.
 *
 * Prefix: address_.
 */
#pragma once

#include "base/span.h"

enum { ADDRESS_TEXT_MAX = 64 }; /* "[ffff:...:255.255.255.255]:65535" */

/* All zero: none. An IPv4 address mapped into IPv6 is always kept as IPv4. */
struct address {
	uint8_t bits; /* 32, 128; 0: no address */
	unsigned char octets[16];
};

/* The address of these bits / 8 octets, as they travel; bits is 32 or 128. */
struct address address_of(const void *octets, unsigned bits);

/* Read a numeric address, without brackets or port. */
MUST_USE bool address_parse(struct span text, struct address *out);

/* "127.0.0.1:110", "[::1]:110"; "unknown" when there is none. */
void address_text(const struct address *a, uint16_t port, char out[ADDRESS_TEXT_MAX]);

bool address_is_loopback(const struct address *a);
