/* pop3/reply.h - writes the lines of replies.
 *
 * Prefix: reply_. A first line has at most 512 octets (RFC 2449 section 4), and its
 * text begins with '[' only if it begins with a response code (RFC 2449 section 8).
 */
#pragma once

#include "base/buf.h"
#include "pop3/text.h"

void reply_ok(struct buf *out, enum language l, enum text id);  /* "+OK text" */
void reply_err(struct buf *out, enum language l, enum fault f); /* "-ERR [CODE] text" */
void reply_line(struct buf *out, const char *text); /* "text", not translated */
void reply_dot(struct buf *out);                    /* the end of a multi-line reply */

/* Write "+OK text", with n in the text. */
void reply_number(struct buf *out, enum language l, enum text id, uint64_t n);

/* Write "+OK text", in the plural form for n, with n and `octets` in the text. */
void reply_count(struct buf *out, enum language l, enum text id, uint64_t n,
		 uint64_t octets);

/* Write "<before><tag> text", where `tag` names the language l and the text is in l
 * (RFC 6856 section 3.2). */
void reply_language(struct buf *out, const char *before, enum language l, enum text id);

/* Write "<before><msg> <octets>", a scan listing (RFC 1939 section 5). If the session
 * reads a board, `maxima` is not 0, and follows (RFC 1082). */
void reply_scan(struct buf *out, const char *before, uint64_t msg, uint64_t octets,
		uint32_t maxima);
/* Write "<before><a> <b>", a drop listing (RFC 1939 section 5). */
void reply_pair(struct buf *out, const char *before, uint64_t a, uint64_t b);

/* Write "<before><n> <uid>", a unique-id listing (RFC 1939 section 7). */
void reply_uid(struct buf *out, const char *before, uint64_t n, struct span uid);
