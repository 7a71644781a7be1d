/* sys/sock.c - makes listening sockets, and asks the kernel about a peer.
 *
 * Prefix: sock_.
 */
#include "sys/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcp.h>
#include <stddef.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/own.h"

/* Keep-alive: the kernel probes a silent peer after 15 s, then every 5 s, and ends the
 * connection after 30 s without an answer. TCP_USER_TIMEOUT is not set, since it would
 * also end connections of peers that are alive but do not read. sock_peer finds peers
 * that vanish while data are on their way. */
enum { KEEP_IDLE_S = 15, KEEP_EVERY_S = 5, KEEP_COUNT = 3 };

enum { BACKLOG = 4096 };

/* A peer is gone if it has been silent for SILENT_MS, and has not answered RESENT
 * packets, or PROBED probes, in a row. A peer that is alive but does not read answers
 * the kernel's probes. */
enum { SILENT_MS = 30000, RESENT = 3, PROBED = 2 };

static void set_ipv4(struct sock_address *a, struct in_addr host, uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr = host };

	memcpy(&a->addr, &in, sizeof in);
	a->len = sizeof in;
}

static void set_ipv6(struct sock_address *a, struct in6_addr host, uint16_t port)
{
	struct sockaddr_in6 in = { .sin6_family = AF_INET6,
				   .sin6_port = htons(port),
				   .sin6_addr = host };

	memcpy(&a->addr, &in, sizeof in);
	a->len = sizeof in;
}

bool sock_parse(struct span text, struct sock_address out[2], unsigned *out_count)
{
	const char *colon = text.len ? memrchr(text.at, ':', text.len) : NULL;
	char host[INET6_ADDRSTRLEN];
	struct in6_addr v6 = IN6ADDR_ANY_INIT;
	struct in_addr v4 = { .s_addr = htonl(INADDR_ANY) };
	uint32_t port;

	if (!colon)
		return false;
	struct span name = { text.at, (size_t)(colon - text.at) };
	if (!span_u32(span_after(text, name.len + 1), &port) || port == 0 ||
	    port > UINT16_MAX)
		return false;
	*out_count = 1;
	if (span_is(name, "*")) {
		set_ipv4(&out[0], v4, (uint16_t)port);
		set_ipv6(&out[1], v6, (uint16_t)port);
		*out_count = 2;
		return true;
	}
	if (name.len > 2 && name.at[0] == '[' && name.at[name.len - 1] == ']') {
		if (!span_copy((struct span){ name.at + 1, name.len - 2 }, host,
			       sizeof host) ||
		    inet_pton(AF_INET6, host, &v6) != 1)
			return false;
		set_ipv6(&out[0], v6, (uint16_t)port);
		return true;
	}
	if (!span_copy(name, host, sizeof host) || inet_pton(AF_INET, host, &v4) != 1)
		return false;
	set_ipv4(&out[0], v4, (uint16_t)port);
	return true;
}

bool sock_unix(struct span path, struct sock_address *out)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	if (!span_copy(path, un.sun_path, sizeof un.sun_path))
		return false;
	memcpy(&out->addr, &un, sizeof un);
	out->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.len + 1);
	return true;
}

static bool set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

static bool set_tcp_options(int fd, int family)
{
	return set(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
	       set(fd, SOL_SOCKET, SO_KEEPALIVE, 1) &&
	       set(fd, IPPROTO_TCP, TCP_NODELAY, 1) &&
	       set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S) &&
	       set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_EVERY_S) &&
	       set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT) &&
	       (family != AF_INET6 || set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1));
}

enum fault sock_listen(const struct sock_address *address, int *out_fd, struct why *why)
{
	char text[ADDRESS_TEXT_MAX];
	int family = address->addr.ss_family;

	sock_text(address, text);
	OWN_FD fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fault_set(why, FAULT_IO, errno, "socket", text);
	if (family != AF_UNIX && !set_tcp_options(fd, family))
		return fault_set(why, FAULT_IO, errno, "setsockopt", text);
	if (bind(fd, (const struct sockaddr *)&address->addr, address->len) < 0)
		return fault_set(why, FAULT_IO, errno, "bind", text);
	if (listen(fd, BACKLOG) < 0)
		return fault_set(why, FAULT_IO, errno, "listen", text);
	*out_fd = TAKE_FD(fd);
	return FAULT_NONE;
}

struct address sock_host(const struct sock_address *address)
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;

	memcpy(&in4, &address->addr, sizeof in4);
	memcpy(&in6, &address->addr, sizeof in6);
	if (in4.sin_family == AF_INET)
		return address_of(&in4.sin_addr, 32);
	if (in6.sin6_family == AF_INET6)
		return address_of(&in6.sin6_addr, 128);
	return (struct address){ 0 };
}

uint16_t sock_port(const struct sock_address *address)
{
	struct sockaddr_in in; /* sockaddr_in6 has its port at the same offset */

	memcpy(&in, &address->addr, sizeof in);
	return ntohs(in.sin_port);
}

void sock_text(const struct sock_address *address, char out[ADDRESS_TEXT_MAX])
{
	const struct address host = sock_host(address);

	if (address->addr.ss_family == AF_UNIX)
		memcpy(out, "unix", sizeof "unix");
	else
		address_text(&host, sock_port(address), out);
}

enum sock_peer sock_peer(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof info;

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 ||
	    (info.tcpi_unacked == 0 && info.tcpi_notsent_bytes == 0))
		return SOCK_PEER_HAS_ALL;
	return info.tcpi_last_ack_recv >= SILENT_MS &&
			       (info.tcpi_retransmits >= RESENT ||
				info.tcpi_probes >= PROBED)
		       ? SOCK_PEER_GONE
		       : SOCK_PEER_BEHIND;
}
