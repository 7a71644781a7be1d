/* sys/sock.h - makes listening sockets with the options that a server needs.
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

/* Parse "address:port": a numeric IPv4 address, an IPv6 address in brackets, or "*" for
 * every address of both families (then *out_count is 2). False: it is malformed. */
MUST_USE bool sock_parse(struct span text, struct sock_address out[2],
			 unsigned *out_count);

/* Make the address of a Unix socket from its path. False: the path is too long. */
MUST_USE bool sock_unix(struct span path, struct sock_address *out);

/* Make a listening socket: non-blocking, close-on-exec. Accepted TCP sockets inherit
 * its other options: no Nagle delay, and keepalive probes that detect a vanished idle
 * peer in well under a minute. A Unix socket gets a file, which must not exist before,
 * with the mode that the umask leaves. FAULT_IO, with errno in *why. */
MUST_USE enum fault sock_listen(const struct sock_address *address, int *out_fd,
				struct why *why);

/* The host is no address (bits 0) for a Unix socket. */
struct address sock_host(const struct sock_address *address);
uint16_t sock_port(const struct sock_address *address);

/* Write the address and port as address_text does; "unix" for a Unix socket. */
void sock_text(const struct sock_address *address, char out[ADDRESS_TEXT_MAX]);

/* Whether the peer of a TCP connection has received everything that was sent;
 * SOCK_PEER_HAS_ALL also if the kernel cannot say. */
enum sock_peer {
	SOCK_PEER_HAS_ALL,
	SOCK_PEER_BEHIND, /* octets are on their way, or wait for the peer to read them
			   */
	SOCK_PEER_GONE,   /* it has acknowledged nothing for half a minute, not even
			     probes */
};
enum sock_peer sock_peer(int fd);
