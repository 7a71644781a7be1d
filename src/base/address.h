/* base/address.h - IPv4 and IPv6 addresses, without a port or a socket.
 *
 * Prefix: address_.
 */
#pragma once

#include "base/span.h"

enum { ADDRESS_TEXT_MAX = 64 }; /* "[ffff:...:255.255.255.255]:65535", NUL */

/* All zero: no address. address_of and address_parse turn an IPv4 address that is
 * mapped into IPv6 (RFC 4291 section 2.5.5.2) into an IPv4 address. */
struct address {
	uint8_t bits;             /* 32: IPv4; 128: IPv6; 0: no address */
	unsigned char octets[16]; /* the first bits / 8, in network order */
};

/* Make an address from 4 octets (bits 32) or 16 octets (bits 128) in network order. */
struct address address_of(const void *octets, unsigned bits);

/* Parse a numeric address without brackets and port. False: it is malformed, and *out
 * is unchanged. */
MUST_USE bool address_parse(struct span text, struct address *out);

/* Write address and port: "127.0.0.1:110" or "[::1]:110"; without an address just
 * "unknown". */
void address_text(const struct address *a, uint16_t port, char out[ADDRESS_TEXT_MAX]);

/* Is this 127.0.0.0/8 or ::1? */
bool address_is_loopback(const struct address *a);
