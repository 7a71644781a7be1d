/* ipc/channel.c - messages over a pair of local sockets, a descriptor with each.
 *
 * Floor 2 (ipc). Prefix: channel_.
 */
#include "ipc/channel.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/secret.h"

enum fault channel_pair(int out[2], struct why *why)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, out) < 0)
		return fault_set(why, FAULT_IO, errno, "socketpair", NULL);
	return FAULT_NONE;
}

void channel_patience(int fd, unsigned seconds)
{
	struct timeval t = { .tv_sec = seconds };

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
}

void channel_hear_within(int fd, unsigned ms)
{
	struct timeval t = { ms / 1000, (suseconds_t)(ms % 1000) * 1000 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
}

/* Room for the header and two descriptors, so that a second one is seen and refused. */
union control {
	char octets[CMSG_SPACE(2 * sizeof(int))];
	struct cmsghdr align;
};

static enum fault send_octets(int fd, struct iovec *iov, int pass,
			      enum channel_wait wait)
{
	union control control = { 0 };
	struct msghdr h = { .msg_iov = iov, .msg_iovlen = 1 };
	ssize_t n;

	if (pass >= 0) {
		h.msg_control = control.octets;
		h.msg_controllen = CMSG_SPACE(sizeof pass);
		struct cmsghdr *c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof pass);
		memcpy(CMSG_DATA(c), &pass, sizeof pass);
	}
	do
		n = sendmsg(fd, &h,
			    MSG_NOSIGNAL | (wait == CHANNEL_NOW ? MSG_DONTWAIT : 0));
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return FAULT_NONE;
	return errno == EAGAIN || errno == ENOBUFS ? FAULT_LIMIT : FAULT_PEER;
}

enum fault channel_send(int fd, const struct message *m, int pass,
			enum channel_wait wait)
{
	ROOM char octets[MESSAGE_OCTETS_MAX];
	size_t len = message_encode(m, octets, sizeof octets);
	struct iovec iov = { octets, len };
	enum fault f = FAULT_PEER;

	if (len > 0 && (message_fd(m->kind) != MESSAGE_FD_NONE) == (pass >= 0))
		f = send_octets(fd, &iov, pass, wait);
	secret_wipe(octets, len);
	return f;
}

/* The descriptor that came with h. False when there was more than the table can allow;
 * then none is left open. */
static bool take_descriptor(struct msghdr *h, int *out_fd)
{
	bool ok = !(h->msg_flags & MSG_TRUNC);

	*out_fd = -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = CMSG_LEN(0); at + sizeof(int) <= c->cmsg_len;
		     at += sizeof(int)) {
			int fd;

			memcpy(&fd, (char *)c + at, sizeof fd);
			if (*out_fd < 0) {
				*out_fd = fd;
				continue;
			}
			close(fd);
			ok = false;
		}
	}
	if (!ok && *out_fd >= 0) {
		close(*out_fd);
		*out_fd = -1;
	}
	return ok;
}

enum channel_got channel_receive(int fd, enum role from, enum role to,
				 enum channel_wait wait, struct channel_inbox *inbox,
				 struct message *out, int *out_fd)
{
	union control control;
	struct iovec iov = { inbox->octets, sizeof inbox->octets };
	struct msghdr h = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control.octets,
			    .msg_controllen = sizeof control };
	ssize_t n;

	*out_fd = -1;
	do
		n = recvmsg(fd, &h,
			    MSG_CMSG_CLOEXEC |
				    (wait == CHANNEL_NOW ? MSG_DONTWAIT : 0));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? CHANNEL_EMPTY : CHANNEL_CLOSED;
	if (!take_descriptor(&h, out_fd))
		return CHANNEL_BROKEN;
	if (n == 0)
		return CHANNEL_CLOSED;
	struct span in = { inbox->octets, (size_t)n };
	bool cut = *out_fd < 0 && (h.msg_flags & MSG_CTRUNC);
	if (message_decode(in, from, to, *out_fd >= 0 || cut, out) == FAULT_NONE)
		return cut ? CHANNEL_CUT : CHANNEL_MESSAGE;
	if (*out_fd >= 0)
		close(*out_fd);
	*out_fd = -1;
	return CHANNEL_BROKEN;
}
