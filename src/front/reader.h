/* front/reader.h - octets of a file, without waiting for its file system.
 *
 * Prefix: reader_. Positions count from the first octet of what is
 * read: a message, or the listing.
 *
 * Where the page cache can be asked (RWF_NOWAIT), the file is read. What is not in
 * memory poplar-drop brings there. Where it cannot be asked (overlayfs, network file
 * systems, every FUSE) a read lasts as long as the file system likes, and so does
 * close(2): there poplar-drop keeps the file and gives windows, copies of a part of it
 * in memory.
 */
#pragma once

#include <sys/types.h>

#include "base/span.h"

/* What the descriptor is. */
enum reader_kind {
	READER_NONE,
	READER_FILE,   /* a file whose pages can be asked for */
	READER_MEMORY, /* a file in memory: a whole one, of tmpfs or a memfd */
	READER_WINDOW, /* memory with some of the octets, or none yet */
};

struct reader {
	int fd; /* -1: none */
	enum reader_kind kind : 8;
	bool no_sendfile; /* sendfile(2) does not take this descriptor */
	uint8_t misses;   /* READER_FILE: octets were brought, and gone when read */
	uint32_t msg;     /* whose octets; 0: the listing */
	uint64_t base;    /* where in the file position `at` is */
	uint64_t at;      /* READER_WINDOW: the position of its first octet; else 0 */
	uint64_t octets;  /* READER_WINDOW: so many */
	bool asked;       /* READER_WINDOW: it was asked for, from `at` on */
};

/* What has come: a descriptor, what it is, and where in it the octets begin. */
struct reader_given {
	int fd;
	enum reader_kind kind;
	uint64_t base, octets;
};

/* What poplar-drop is to be asked for. */
enum reader_want { READER_WANTS_PAGES, READER_WANTS_WINDOW };

/* Read from what poplar-drop has given of a message, or of the listing: 0. Takes over
 * the descriptor. Whether it is memory is looked at: what only claims to be is never
 * read. */
void reader_open(struct reader *r, uint32_t msg, const struct reader_given *given);

/* The window has come that was asked for, with octets from `at` on. */
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
