/* dropd/windows.h - gives a front the octets of a file in a form in which the front
 * never waits for a file system.
 *
 * Prefix: windows_. front/reader.h reads in the front. A window is a copy of a part of
 * a file, in memory that both processes share. When the front asks for bodies, it no
 * longer uses the windows of earlier bodies; when it asks for the next window of a
 * message, it no longer uses the one before. So poplar-drop needs only two pieces of
 * memory, `bodies` and `next`, which it uses again and again.
 */
#pragma once

#include "ipc/message.h"
#include "store/store.h"

/* A piece of memory that the front may read. */
struct windows_memory {
	int fd; /* a memfd; a copy goes to the front */
	char *at;
	size_t octets; /* size of the memory; 0: not made yet */
	size_t used;
};

/* The windows of one session. Begin with all zero. */
struct windows {
	uint32_t kept; /* the message whose file stays open for COPY; 0: no message */
	struct store_body body; /* of that message */
	struct windows_memory bodies, next;
};

/* What to send to the front: a descriptor, which the caller does not own, and where in
 * it the octets begin. If it is a window, it has `octets` octets. */
struct windows_given {
	enum message_given what;
	int fd;
	uint64_t offset, octets;
};

/* The front asks for bodies: reuse the memory of the windows of earlier bodies. */
void windows_begin(struct windows *w);

/* Fill *out for a body: with its file if the file system supports that, otherwise with
 * a window. FAULT_NOMEM, FAULT_IO. */
MUST_USE enum fault windows_give(struct windows *w, const struct store_body *b,
				 struct windows_given *out, struct why *why);

/* Keep the file of message msg open for windows_next; windows_keep takes over b->fd. */
void windows_keep(struct windows *w, uint32_t msg, struct store_body *b);

/* Fill *out with a window of message msg, from position `at` on. Opens the message,
 * unless windows_keep has kept it. */
MUST_USE enum fault windows_next(struct windows *w, struct maildrop *m, uint32_t msg,
				 uint64_t at, struct windows_given *out,
				 struct why *why);

/* Fill *out for the listing, or for its window from position `at` on. The caller owns
 * out->fd, unless that is l->fd. */
MUST_USE enum fault windows_listing(const struct store_listing *l, uint64_t at,
				    struct windows_given *out, struct why *why);

void windows_close(struct windows *w);
