/* ipc/channel.h - messages over a pair of local sockets, a descriptor with each.
 *
 * Prefix: channel_. SOCK_SEQPACKET: a message arrives whole or not at
 * all, in order, and the end of the peer is seen.
 */
#pragma once

#include "ipc/message.h"

/* Two connected ends, close-on-exec. FAULT_IO (descriptors run out) otherwise. */
MUST_USE enum fault channel_pair(int out[2], struct why *why);

/* How long a CHANNEL_WAIT send on this end waits for a peer that does not read. */
void channel_patience(int fd, unsigned seconds);

/* The same for a CHANNEL_WAIT receive, which then gives CHANNEL_EMPTY. */
void channel_hear_within(int fd, unsigned ms);

enum channel_wait { CHANNEL_NOW, CHANNEL_WAIT };

/* Send m, with the descriptor `pass` (kept by the caller; -1: none). FAULT_LIMIT: the
 * peer's queue is full (after the patience, when waiting), or the kernel has no room.
 * FAULT_PEER: the peer is gone. FAULT_UNSENDABLE: a field of m is over its maximum, or
 * m lacks its descriptor. That is a fault of the caller, is logged here, and says
 * nothing about the peer: the channel stays as it was. */
MUST_USE enum fault channel_send(int fd, const struct message *m, int pass,
				 enum channel_wait wait);

/* The same with none or some descriptors, for a message that may have several. */
enum { CHANNEL_FILES_MAX = 16 };
MUST_USE enum fault channel_send_files(int fd, const struct message *m,
				       const int *files, size_t count,
				       enum channel_wait wait);

enum channel_got {
	CHANNEL_MESSAGE, /* *out, and *out_fd (-1: none), which the caller owns now */
	CHANNEL_CUT,     /* the same, but there was no room for its descriptor here */
	CHANNEL_EMPTY,   /* nothing there (CHANNEL_NOW) */
	CHANNEL_CLOSED,  /* the peer is gone */
	CHANNEL_BROKEN,  /* what came is not what the table allows: close the channel */
};

/* Room for one message; runs in a received message are borrowed from it. */
struct channel_inbox {
	char octets[MESSAGE_OCTETS_MAX];
};

/* Receive what `from` sent to `to`. *out_fd is -1 unless CHANNEL_MESSAGE is returned
 * and the message carries a descriptor. */
MUST_USE enum channel_got channel_receive(int fd, enum role from, enum role to,
					  enum channel_wait wait,
					  struct channel_inbox *inbox,
					  struct message *out, int *out_fd);

/* The same for a message that may have several descriptors: those that came, from the
 * first on. Fewer than were sent where there was no room for more here. */
struct channel_files {
	size_t count;
	int at[CHANNEL_FILES_MAX];
};
MUST_USE enum channel_got channel_receive_files(int fd, enum role from, enum role to,
						enum channel_wait wait,
						struct channel_inbox *inbox,
						struct message *out,
						struct channel_files *files);
