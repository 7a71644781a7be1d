/* front/reader.h - reads octets of a file without waiting for its file system.
 *
 * Prefix: reader_. A position counts octets from the beginning of the message or
 * listing that is read.
 *
 * On most file systems the reader reads octets only if they are in the page cache
 * (RWF_NOWAIT); the front has poplar-drop read the others into it. overlayfs, network
 * file systems and FUSE do not support RWF_NOWAIT, and there even close(2) may block.
 * For files there, poplar-drop keeps the descriptor, and gives the front windows:
 * copies of a part of the file, in memory.
 */
#pragma once

#include <sys/types.h>

#include "base/span.h"

/* What the descriptor is. */
enum reader_kind {
	READER_NONE,
	READER_FILE,   /* a file on a file system with RWF_NOWAIT */
	READER_MEMORY, /* a whole file in memory: on tmpfs, or a memfd */
	READER_WINDOW, /* a window, or fd -1 before the first window has come */
};

struct reader {
	int fd; /* -1: none */
	enum reader_kind kind : 8;
	bool no_sendfile; /* sendfile(2) does not take this descriptor */
	uint8_t misses;   /* READER_FILE: EAGAIN in a row, for want of pages */
	uint32_t msg;     /* the message that is read; 0: the listing */
	uint64_t base;    /* the offset in the descriptor of position `at` */
	uint64_t at;      /* READER_WINDOW: the position of its first octet; else 0 */
	uint64_t octets;  /* READER_WINDOW: octets in the window */
	bool asked;       /* READER_WINDOW: poplar-drop sent it as an answer to COPY */
};

/* A descriptor from poplar-drop: its kind, the offset in it where the octets begin,
 * and, for a window, how many octets it has. */
struct reader_given {
	int fd;
	enum reader_kind kind;
	uint64_t base, octets;
};

/* What to ask poplar-drop for: pages, with WARM, or a window, with COPY. */
enum reader_want { READER_WANTS_PAGES, READER_WANTS_WINDOW };

/* Begin to read a message (msg 0: the listing) from a descriptor of poplar-drop, which
 * the reader takes over. If poplar-drop calls a descriptor memory (READER_MEMORY,
 * READER_WINDOW) that is none, the reader closes it and asks for windows. */
void reader_open(struct reader *r, uint32_t msg, const struct reader_given *given);

/* Replace the descriptor by the window that poplar-drop has sent as answer to COPY,
 * with the octets from position `at` on. Takes over given->fd. */
void reader_take(struct reader *r, uint64_t at, const struct reader_given *given);

void reader_close(struct reader *r);

/* Read at least `least` and at most `len` octets from position `at` on. Returns how
 * many were read; fewer than `least`: the file ends there. -1 and errno on failure;
 * EAGAIN: the octets cannot be read without blocking. */
ssize_t reader_read(struct reader *r, uint64_t at, void *out, size_t least, size_t len);

/* After EAGAIN: what to ask poplar-drop for. */
enum reader_want reader_wants(struct reader *r);

/* May the octets be sent by sendfile(2)? */
static inline bool reader_sends(const struct reader *r)
{
	return !r->no_sendfile && (r->kind == READER_FILE || r->kind == READER_MEMORY);
}
