/* pop3/reply.h - the shapes of what a server says.
 *
 * Prefix: reply_. First lines stay within the 512 octets
 * of RFC 2449 section 4; a '[' opens a text only where it opens a response code (RFC
 * 2449 section 8).
 */
#pragma once

#include "base/buf.h"
#include "pop3/text.h"

void reply_ok(struct buf *out, enum language l, enum text id);  /* "+OK text" */
void reply_err(struct buf *out, enum language l, enum fault f); /* "-ERR [CODE] text" */
void reply_line(struct buf *out, const char *text); /* "text", in no language */
void reply_dot(struct buf *out);                    /* the end of a multi-line reply */

/* "+OK text", with the number in it. */
void reply_number(struct buf *out, enum language l, enum text id, uint64_t n);

/* "+OK text", in the plural form for n, with the number and the octets in it. */
void reply_count(struct buf *out, enum language l, enum text id, uint64_t n,
		 uint64_t octets);

/* "<before><tag> text": of the language l, in itself (RFC 6856 section 3.2). */
void reply_language(struct buf *out, const char *before, enum language l, enum text id);

/* "<before><a> <b>": drop and scan listings (RFC 1939 section 5). */
/* RFC 1939's scan listing, "1 120"; of a board, with RFC 1082's maxima behind it. */
void reply_scan(struct buf *out, const char *before, uint64_t msg, uint64_t octets,
		uint32_t maxima);
void reply_pair(struct buf *out, const char *before, uint64_t a, uint64_t b);

/* "<before><n> <uid>": unique-id listings (RFC 1939 section 7). */
void reply_uid(struct buf *out, const char *before, uint64_t n, struct span uid);
