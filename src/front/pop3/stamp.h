/* front/pop3/stamp.h - timestamps of greetings, for APOP (RFC 1939 section 7).
 *
 * Prefix: stamp_.
 */
#pragma once

#include "base/siphash.h"

enum { STAMP_TEXT_MAX = 128, STAMP_HOST_MAX = 56 };

struct stamper {
	uint64_t pid, started, count;
	unsigned char key[SIPHASH_KEY_OCTETS];
	char host[STAMP_HOST_MAX + 1];
};

/* Before the sandbox. False: the kernel gives no random octets. */
MUST_USE bool stamp_start(struct stamper *s);

/* "<process.start.number.random@host>", a msg-id of RFC 822 that was never used before
 * and cannot be guessed. malloc'ed; NULL: no memory. */
char *stamp_make(struct stamper *s);
