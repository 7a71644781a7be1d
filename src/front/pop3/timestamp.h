/* front/pop3/timestamp.h - makes the timestamps in greetings, for APOP (RFC 1939
 * section 7).
 *
 * Prefix: timestamp_.
 */
#pragma once

#include "base/siphash.h"

enum { TIMESTAMP_TEXT_MAX = 128, TIMESTAMP_HOST_MAX = 56 };

struct timestamps {
	uint64_t pid, started, count;
	unsigned char key[SIPHASH_KEY_OCTETS];
	char host[TIMESTAMP_HOST_MAX + 1];
};

/* Read the host name, and make a random key. Call it before the process enters its
 * sandbox, which forbids to read the host name. False: the kernel gives no random
 * octets. */
MUST_USE bool timestamp_start(struct timestamps *s);

/* Make "<process.start.number.random@host>": a msg-id of RFC 822 that was never used
 * before and that nobody can guess. The caller frees it. NULL: out of memory. */
char *timestamp_make(struct timestamps *s);
