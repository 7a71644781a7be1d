/* dropd/windows.h - poplar-drop: what a front gets of a file, so that it waits for no
 * file system.
 *
 * Prefix: windows_. front/reader.h is the other end. A front that asks
 * for bodies needs nothing any more of the windows that came with earlier ones; so
 * their memory is used again. The same goes for a message's next window, in memory of
 * its own.
 */
#pragma once

#include "ipc/message.h"
#include "store/store.h"

/* Memory that a front may read. */
struct windows_memory {
	int fd; /* to be passed to it */
	char *at;
	size_t octets; /* 0: there is none yet */
	size_t used;
};

/* Of one session. All zero: nothing is known yet. */
struct windows {
	uint32_t kept; /* the message of which windows were given last; 0: none */
	struct store_body body; /* ... open */
	struct windows_memory bodies, next;
};

/* What a front gets of a message: the descriptor stays ours. A window is of memory, and
 * gives `octets` of the message, from its first on. */
struct windows_given {
	enum message_given what;
	int fd;
	uint64_t offset, octets;
};

/* Bodies are asked for: the memory of those before is ours again. */
void windows_begin(struct windows *w);

/* What a front gets of a body. FAULT_NOMEM, FAULT_IO. */
MUST_USE enum fault windows_give(struct windows *w, const struct store_body *b,
				 struct windows_given *out, struct why *why);

/* Keep its file open, for the windows to come; b->fd is taken over. */
void windows_keep(struct windows *w, uint32_t msg, struct store_body *b);

/* The window of a message that begins with its octet `at`. */
MUST_USE enum fault windows_next(struct windows *w, struct maildrop *m, uint32_t msg,
				 uint64_t at, struct windows_given *out,
				 struct why *why);

/* What a front gets of the listing from `at` on, to keep: where it is another
 * descriptor than l->fd, it is the caller's. */
MUST_USE enum fault windows_listing(const struct store_listing *l, uint64_t at,
				    struct windows_given *out, struct why *why);

void windows_close(struct windows *w);
