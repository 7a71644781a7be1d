/* front/reader.h - octets of a file, without waiting for its file system.
 *
 * Prefix: reader_. Positions count from the first octet of what is
 * read: a message, or the listing.
 *
 * On most file systems a reader reads only octets in the page cache (RWF_NOWAIT);
 * poplar-drop brings other octets there. overlayfs, network file systems and FUSE do
 * not support that, so read(2) and even close(2) may block for as long as they like.
 * There poplar-drop keeps the file, and gives the front windows: copies of a part of
 * the file, in memory.
 */
#pragma once

#include <sys/types.h>

#include "base/span.h"

/* What the descriptor is. */
enum reader_kind {
	READER_NONE,
	READER_FILE,   /* a file on a file system with RWF_NOWAIT */
	READER_MEMORY, /* a whole file in memory: on tmpfs, or a memfd */
	READER_WINDOW, /* a window, or before the first one nothing */
};

struct reader {
	int fd; /* -1: none */
	enum reader_kind kind : 8;
	bool no_sendfile; /* sendfile(2) does not take this descriptor */
	uint8_t misses;   /* READER_FILE: requests for pages since the last good read */
	uint32_t msg;     /* the message that is read; 0: the listing */
	uint64_t base;    /* the offset of position `at` in the descriptor */
	uint64_t at;      /* READER_WINDOW: the position of its first octet; else 0 */
	uint64_t octets;  /* READER_WINDOW: how many it has */
	bool asked;       /* READER_WINDOW: poplar-drop sent it as an answer to COPY */
};

/* A descriptor from poplar-drop: its kind, and the offset of the first octet in it. */
struct reader_given {
	int fd;
	enum reader_kind kind;
	uint64_t base, octets;
};

/* What to ask poplar-drop for: WARM or COPY. */
enum reader_want { READER_WANTS_PAGES, READER_WANTS_WINDOW };

/* Begin to read a message (msg 0: the listing) from a descriptor of poplar-drop, which
 * the reader takes over. The reader never reads a descriptor of kind MEMORY or WINDOW
 * that is not memory. */
void reader_open(struct reader *r, uint32_t msg, const struct reader_given *given);

/* Replace the descriptor by the window that poplar-drop sent, with octets from `at` on.
 */
void reader_take(struct reader *r, uint64_t at, const struct reader_given *given);

void reader_close(struct reader *r);

/* Read `least` octets or more at `at`, up to `len`. Returns how many; fewer than
 * `least`: the file ends there; -1: errno, of which EAGAIN means that they are not at
 * hand. */
ssize_t reader_read(struct reader *r, uint64_t at, void *out, size_t least, size_t len);

/* Behind EAGAIN: what to ask for. */
enum reader_want reader_wants(struct reader *r);

/* May the octets be sent by sendfile(2)? */
static inline bool reader_sends(const struct reader *r)
{
	return !r->no_sendfile && (r->kind == READER_FILE || r->kind == READER_MEMORY);
}
