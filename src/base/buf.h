/* base/buf.h - append octets to a block of memory of fixed size.
 *
 * Prefix: buf_. Never allocates.
 */
#pragma once

#include "base/span.h"

/* The caller owns the memory at `at`. A write that does not fit sets `cut`, which stays
 * set: test `cut` once, after the last write. Such a write adds nothing, except that
 * buf_hex may add the first digits. */
struct buf {
	char *at;
	size_t len, room;
	bool cut;
};

/* Marks a large local array that is written before it is read, so that the compiler
 * does not clear it (-ftrivial-auto-var-init) as it clears other local variables. */
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
void buf_u64(struct buf *b, uint64_t n); /* in decimal */

/* Two lower-case digits for each octet. */
void buf_hex(struct buf *b, const void *at, size_t len);

/* Put a NUL behind the contents, without counting it in `len`, and return the text. If
 * the buffer is full, the NUL replaces the last octet, and `cut` is set. `room` must
 * not be 0. */
const char *buf_cstr(struct buf *b);
