/* ipc/channel.c - sends and receives messages between two processes, over a pair of
 * local sockets.
 *
 * Prefix: channel_.
 */
#include "ipc/channel.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/secret.h"

enum fault channel_pair(int out[2], struct why *why)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, out) < 0)
		return fault_set(why, FAULT_IO, errno, "socketpair", NULL);
	return FAULT_NONE;
}

static void set_timeout(int fd, int option, unsigned ms)
{
	const struct timeval t = { ms / 1000, (suseconds_t)(ms % 1000) * 1000 };

	setsockopt(fd, SOL_SOCKET, option, &t, sizeof t);
}

void channel_send_timeout(int fd, unsigned ms)
{
	set_timeout(fd, SO_SNDTIMEO, ms);
}

void channel_receive_timeout(int fd, unsigned ms)
{
	set_timeout(fd, SO_RCVTIMEO, ms);
}

/* Room for one descriptor more than any message has, so that it is seen and refused. */
union control {
	char octets[CMSG_SPACE((CHANNEL_FILES_MAX + 1) * sizeof(int))];
	struct cmsghdr align;
};

/* Only an end that is not there any more is the peer's fault. ETOOMANYREFS: more
 * descriptors of ours are under way than we may have open. */
static enum fault send_fault(int sys)
{
	switch (sys) {
	case EAGAIN:
		return FAULT_LIMIT;
	case ENOBUFS:
	case ENOMEM:
	case ETOOMANYREFS:
		return FAULT_NOMEM;
	case EMSGSIZE:
		return FAULT_UNSENDABLE;
	default:
		return FAULT_PEER;
	}
}

static enum fault send_octets(int fd, struct iovec *iov, const int *pass, size_t count,
			      enum channel_wait wait)
{
	union control control = { 0 };
	struct msghdr h = { .msg_iov = iov, .msg_iovlen = 1 };
	ssize_t n;

	if (count > 0) {
		h.msg_control = control.octets;
		h.msg_controllen = CMSG_SPACE(count * sizeof *pass);
		struct cmsghdr *c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(count * sizeof *pass);
		memcpy(CMSG_DATA(c), pass, count * sizeof *pass);
	}
	do
		n = sendmsg(fd, &h,
			    MSG_NOSIGNAL | (wait == CHANNEL_NOW ? MSG_DONTWAIT : 0));
	while (n < 0 && errno == EINTR);
	return n >= 0 ? FAULT_NONE : send_fault(errno);
}

static bool may_carry(enum message_kind kind, size_t count)
{
	switch (message_fd(kind)) {
	case MESSAGE_FD_NONE:
		return count == 0;
	case MESSAGE_FD_FILES:
		return count <= CHANNEL_FILES_MAX;
	case MESSAGE_FD_FILE:
	case MESSAGE_FD_SOCKET:
		break;
	}
	return count == 1;
}

enum fault channel_send_files(int fd, const struct message *m, const int *files,
			      size_t count, enum channel_wait wait)
{
	ROOM char octets[MESSAGE_OCTETS_MAX];
	size_t len = message_encode(m, octets, sizeof octets);
	struct iovec iov = { octets, len };
	enum fault f = FAULT_UNSENDABLE;

	if (len > 0 && may_carry(m->kind, count))
		f = send_octets(fd, &iov, files, count, wait);
	secret_wipe(octets, len);
	if (f == FAULT_UNSENDABLE)
		log_event(LOG_CRIT, "message-unsendable",
			  LOG_T("message", message_name(m->kind)),
			  LOG_T("field", message_over(m)));
	return f;
}

enum fault channel_send(int fd, const struct message *m, int pass,
			enum channel_wait wait)
{
	return channel_send_files(fd, m, &pass, pass >= 0, wait);
}

static void close_all(struct channel_files *files)
{
	while (files->count > 0)
		close(files->at[--files->count]);
	files->at[0] = -1;
}

/* The descriptors that came with h. False: more came than any message has. */
static bool take_descriptors(struct msghdr *h, struct channel_files *out)
{
	bool ok = !(h->msg_flags & MSG_TRUNC);

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = CMSG_LEN(0); at + sizeof(int) <= c->cmsg_len;
		     at += sizeof(int)) {
			int fd;

			memcpy(&fd, (char *)c + at, sizeof fd);
			if (out->count < CHANNEL_FILES_MAX) {
				out->at[out->count++] = fd;
				continue;
			}
			close(fd);
			ok = false;
		}
	}
	return ok;
}

static enum channel_got broken(struct channel *c, const char *name, const char *reason)
{
	c->broken = name;
	c->reason = reason;
	return CHANNEL_BROKEN;
}

/* Judge the `len` octets and the descriptors in the inbox. lost: the kernel had no room
 * for some descriptors. */
static enum channel_got look_at(struct channel *c, size_t len, bool lost,
				struct channel_inbox *in)
{
	const size_t count = in->files.count;
	const bool cut = count == 0 && lost;
	const struct span octets = { in->octets, len };

	if (message_decode(octets, c->peer, c->self, count > 0 || cut, &in->message))
		return broken(c, message_name(message_kind_of(octets)),
			      "not a message of this sender");
	const enum message_kind kind = in->message.kind;
	const char *reason = message_say(&c->heard, kind);
	if (reason)
		return broken(c, message_name(kind), reason);
	if (cut && message_fd(kind) != MESSAGE_FD_FILES)
		return CHANNEL_CUT;
	return may_carry(kind, count)
		       ? CHANNEL_MESSAGE
		       : broken(c, message_name(kind), "other descriptors");
}

static enum channel_got receive(struct channel *c, enum channel_wait wait,
				struct channel_inbox *out)
{
	union control control;
	struct iovec iov = { out->octets, sizeof out->octets };
	struct msghdr h = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control.octets,
			    .msg_controllen = sizeof control };
	const int flags = MSG_CMSG_CLOEXEC | (wait == CHANNEL_NOW ? MSG_DONTWAIT : 0);
	ssize_t n;

	do
		n = recvmsg(c->fd, &h, flags);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? CHANNEL_EMPTY : CHANNEL_CLOSED;
	if (!take_descriptors(&h, &out->files))
		return broken(c, "?", "too long, or too many descriptors");
	if (n == 0)
		return CHANNEL_CLOSED;
	return look_at(c, (size_t)n, h.msg_flags & MSG_CTRUNC, out);
}

enum channel_got channel_receive(struct channel *c, enum channel_wait wait,
				 struct channel_inbox *out)
{
	out->files = (struct channel_files){ .at = { -1 } };
	const enum channel_got got = receive(c, wait, out);

	if (got != CHANNEL_MESSAGE)
		close_all(&out->files);
	return got;
}

bool channel_is_closed(int fd)
{
	char octet;
	struct iovec iov = { &octet, 1 };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	do
		n = recvmsg(fd, &h, MSG_PEEK | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n == 0 || (n < 0 && errno != EAGAIN);
}
