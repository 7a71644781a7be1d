/* base/buf.h - octets written one behind the other into room of fixed size.
 *
 * Prefix: buf_. Never allocates.
 */
#pragma once

#include "base/span.h"

/* The room belongs to whoever set it up. A put that does not fit writes nothing
 * and sets `cut`, which stays set: test it once, at the end. */
struct buf {
	char *at;
	size_t len, room;
	bool cut;
};

/* Large room that is written before it is read: the compiler need not clear it. */
#define ROOM __attribute__((uninitialized))

#define BUF(array) ((struct buf){ .at = (array), .room = sizeof(array) })

static inline size_t buf_left(const struct buf *b)
{
	return b->room - b->len;
}

static inline struct span buf_span(const struct buf *b)
{
	return (struct span){ b->at, b->len };
}

void buf_put(struct buf *b, struct span s);
void buf_text(struct buf *b, const char *text);
void buf_char(struct buf *b, char c);
void buf_u64(struct buf *b, uint64_t n); /* decimal */
void buf_hex(struct buf *b, const void *at,
	     size_t len); /* two lower-case digits an octet */

/* End the contents with a NUL that len does not count, cutting the last octet off
 * if there is no room for it. Returns the text. room must not be 0. */
const char *buf_cstr(struct buf *b);
