/* base/quota.h - how much mail a maildrop may hold.
 *
 * Prefix: quota_.
 */
#pragma once

#include "base/span.h"

struct buf;

/* Sizes are those that POP3 shows, with CRLF at the end of each line. */
struct quota {
	uint64_t octets;   /* 0: no limit */
	uint64_t messages; /* 0: no limit */
};

/* Parse a size: a number of octets, or of units of 1024 octets (k), 1024 k (M), 1024 M
 * (G) or 1024 G (T), such as "500M". Case is ignored. False: the text is no such size,
 * or the size is above INT64_MAX; *out is unchanged. */
MUST_USE bool quota_parse_octets(struct span text, uint64_t *out);

/* Parse a quota: a size, a number of messages, or both in either order with a comma
 * between: "500M", "10000 messages", "500M, 10000 messages". "none" and an empty text
 * set no limit. Blanks around the parts are ignored. Returns NULL, or a text that says
 * what is wrong; then *out is unchanged. */
MUST_USE const char *quota_parse(struct span text, struct quota *out);

/* Parse a quota_rule of Dovecot 2.3: "*:storage=500M:messages=100", where "storage"
 * without a unit counts units of 1024 octets, "bytes" counts octets, and 0 sets no
 * limit. Rules for single folders do not concern POP3, and leave *out unchanged.
 * Returns NULL, or a text that says what is wrong; then *out is unchanged. */
MUST_USE const char *quota_parse_rule(struct span text, struct quota *out);

/* Append the quota in the form that quota_parse reads, with the largest unit that gives
 * a whole number; without limits "none". */
void quota_print(const struct quota *quota, struct buf *out);
