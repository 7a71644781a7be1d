/* ipc/channel.h - sends and receives messages between two processes, over a pair of
 * local sockets.
 *
 * Prefix: channel_. The sockets are of type SOCK_SEQPACKET: a message arrives whole or
 * not at all, messages arrive in order, and each end notices when the other has closed.
 */
#pragma once

#include "ipc/message.h"

/* ---- making one ---- */

/* Make two connected ends, close-on-exec, which the caller owns. FAULT_IO: no
 * descriptor is free. */
MUST_USE enum fault channel_pair(int out[2], struct why *why);

/* Set how long, in milliseconds, a send on fd with CHANNEL_WAIT waits for room in the
 * peer's queue, and a receive with CHANNEL_WAIT for a message. Unless set, they wait
 * for ever. */
void channel_send_timeout(int fd, unsigned ms);
void channel_receive_timeout(int fd, unsigned ms);

enum channel_wait { CHANNEL_NOW, CHANNEL_WAIT };

/* ---- sending: the descriptor is all that it takes, and any thread may ---- */

/* Send m, with the descriptor `pass` (the caller keeps it; -1: none).
 * FAULT_NONE: the kernel has the message for the peer.
 * FAULT_LIMIT: nothing was sent, and the channel is as good as before: the peer's queue
 *   is full (CHANNEL_NOW), or has been for the send timeout.
 * FAULT_NOMEM: nothing was sent, and the channel is as good as before: the kernel lacks
 *   memory, or too many descriptors of this user are under way. That says nothing about
 *   the peer.
 * FAULT_PEER: the peer has closed its end, or the kernel refuses for another reason.
 * FAULT_UNSENDABLE: nothing was sent, and the channel is as good as before: a field of
 *   m is over its maximum, or m has not the descriptors that the table says. That is
 *   the sender's own fault and is logged here. */
MUST_USE enum fault channel_send(int fd, const struct message *m, int pass,
				 enum channel_wait wait);

/* The same with up to CHANNEL_FILES_MAX descriptors, for MESSAGE_FD_FILES. */
enum { CHANNEL_FILES_MAX = 16 };
MUST_USE enum fault channel_send_files(int fd, const struct message *m,
				       const int *files, size_t count,
				       enum channel_wait wait);

/* ---- receiving: one thread at a time ---- */

/* The end of a channel that a process receives on. */
struct channel {
	int fd;         /* -1: closed */
	enum role peer; /* who sends */
	enum role self; /* who receives: this process */
	struct message_history heard;
	/* After CHANNEL_BROKEN, for the log: the name of the message, if it is known,
	 * and what is wrong with it. */
	const char *broken, *reason;
};

static inline struct channel channel_of(int fd, enum role peer, enum role self)
{
	return (struct channel){ fd, peer, self, { 0 }, "?", "?" };
}

/* The descriptors that came with a message, in the order in which they were sent. The
 * receiver owns them. */
struct channel_files {
	size_t count;
	int at[CHANNEL_FILES_MAX]; /* at[0] is -1 if none came */
};

/* Room for one received message. Texts in `message` point into `octets`, so they are
 * valid until the inbox is used again. Several channels may share an inbox. */
struct channel_inbox {
	struct message message;
	struct channel_files files;
	char octets[MESSAGE_OCTETS_MAX];
};

enum channel_got {
	/* A message with its descriptors. A message of MESSAGE_FD_FILES may have lost
	 * some of them, because this process has too many open files. */
	CHANNEL_MESSAGE,
	/* A message that lost its one descriptor, because this process has too many
	 * open files. */
	CHANNEL_CUT,
	/* No message is there (CHANNEL_NOW), or none came within the receive timeout.
	 */
	CHANNEL_EMPTY,
	/* The peer has closed its end, and everything that it sent has been received;
	 * or the kernel refuses to receive. */
	CHANNEL_CLOSED,
	/* Something came that the table does not allow from this sender, or not at this
	 * time. The caller closes the channel.
	 */
	CHANNEL_BROKEN,
};

/* Has the peer closed its end? Any thread may ask. */
bool channel_is_closed(int fd);

/* Receive one message into *out. Descriptors are in out->files with CHANNEL_MESSAGE
 * only; with any other outcome those that came have been closed. */
MUST_USE enum channel_got channel_receive(struct channel *c, enum channel_wait wait,
					  struct channel_inbox *out);
