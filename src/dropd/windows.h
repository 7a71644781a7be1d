/* dropd/windows.h - gives a front the octets of a file in a form that never makes it
 * wait for a file system.
 *
 * Prefix: windows_. front/reader.h is the other end. A window is a copy of a part of a
 * file, in memory that both processes share. A front that asks for bodies has done with
 * the windows of earlier bodies, and one that asks for a message's next window with the
 * window before; so poplar-drop uses two pieces of memory again and again.
 */
#pragma once

#include "ipc/message.h"
#include "store/store.h"

/* Memory that a front may read. */
struct windows_memory {
	int fd; /* goes to the front */
	char *at;
	size_t octets; /* its size; 0: not made yet */
	size_t used;
};

/* Of one session. Start with all zero. */
struct windows {
	uint32_t kept; /* the message whose file stays open for COPY; 0: no message */
	struct store_body body; /* of that message */
	struct windows_memory bodies, next;
};

/* What a front gets: a descriptor, which the caller does not own, and where in it the
 * octets begin. A window has `octets` octets. */
struct windows_given {
	enum message_given what;
	int fd;
	uint64_t offset, octets;
};

/* The front asks for bodies: use the memory of the earlier ones again. */
void windows_begin(struct windows *w);

/* Fill *out for a body. FAULT_NOMEM, FAULT_IO. */
MUST_USE enum fault windows_give(struct windows *w, const struct store_body *b,
				 struct windows_given *out, struct why *why);

/* Keep the file of a body open, for its next windows; windows_keep takes over b->fd. */
void windows_keep(struct windows *w, uint32_t msg, struct store_body *b);

/* Fill *out with the window of a message from position `at` on. */
MUST_USE enum fault windows_next(struct windows *w, struct maildrop *m, uint32_t msg,
				 uint64_t at, struct windows_given *out,
				 struct why *why);

/* Fill *out for the listing, from position `at` on. The caller owns out->fd unless it
 * is l->fd. */
MUST_USE enum fault windows_listing(const struct store_listing *l, uint64_t at,
				    struct windows_given *out, struct why *why);

void windows_close(struct windows *w);
