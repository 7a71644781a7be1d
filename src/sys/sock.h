/* sys/sock.h - TCP sockets as a POP3 server wants them.
 *
 * Floor 1 (sys). Prefix: sock_.
 */
#pragma once

#include <sys/socket.h>

#include "base/fault.h"

enum { SOCK_ADDRESS_MAX = 64 }; /* "[ffff:...:255.255.255.255%interface]:65535" */

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
 * inherit from it: no Nagle delay, keepalive and TCP_USER_TIMEOUT so that a peer that
 * vanished is found in well under a minute. FAULT_IO, with errno in *why. */
MUST_USE enum fault sock_listen(const struct sock_address *address, int *out_fd,
				struct why *why);

/* "127.0.0.1:110", "[::1]:110"; an IPv4 address mapped into IPv6 is shown as IPv4. */
void sock_text(const struct sock_address *address, char out[SOCK_ADDRESS_MAX]);

bool sock_is_loopback(const struct sock_address *address);
