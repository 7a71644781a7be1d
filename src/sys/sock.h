/* sys/sock.h - TCP sockets as a POP3 server wants them.
 *
 * Prefix: sock_.
 */
#pragma once

#include <sys/socket.h>

#include "base/address.h"
#include "base/fault.h"

struct sock_address {
	struct sockaddr_storage addr;
	socklen_t len;
};

/* Read "address:port": a numeric IPv4 address, an IPv6 address in brackets, or "*" for
 * every address of both families (then *out_count is 2). Returns false when it is not
 * one. */
MUST_USE bool sock_parse(struct span text, struct sock_address out[2],
			 unsigned *out_count);

/* A listening socket: non-blocking, close-on-exec, and with what accepted sockets
 * inherit from it: no Nagle delay, and keepalive so that an idle peer that vanished is
 * found in well under a minute. FAULT_IO, with errno in *why. */
MUST_USE enum fault sock_listen(const struct sock_address *address, int *out_fd,
				struct why *why);

struct address sock_host(const struct sock_address *address);
uint16_t sock_port(const struct sock_address *address);

/* As address_text. */
void sock_text(const struct sock_address *address, char out[ADDRESS_TEXT_MAX]);

/* What has become of what was sent to the peer of this TCP connection. */
enum sock_peer {
	SOCK_PEER_HAS_ALL,
	SOCK_PEER_BEHIND, /* some is on its way, or waits for the peer to read */
	SOCK_PEER_GONE, /* for half a minute nothing has come back, though it was asked
			 */
};
enum sock_peer sock_peer(int fd);
