/* base/policy.h - what a site asks of its users (RFC 1939 section 8, RFC 2449
 * sections 6.5 and 6.7).
 *
 * Prefix: policy_.
 */
#pragma once

#include "base/span.h"

enum { POLICY_DAYS_MAX = 36500, POLICY_DELAY_MAX = 86400 };
#define POLICY_NEVER UINT32_MAX

struct policy {
	uint32_t login_delay; /* seconds between two logins; 0: none */
	uint32_t unread;      /* days that a message is kept; POLICY_NEVER: removed */
	uint32_t retrieved;   /* the same, from when it was retrieved; 0: by QUIT */
};

/* What becomes of a message that has been sent by RETR. */
enum retrieval {
	RETRIEVAL_FORGOTTEN,
	RETRIEVAL_NOTED,   /* QUIT notes it */
	RETRIEVAL_REMOVES, /* QUIT removes the message (RFC 2449 section 6.7) */
};

/* The policy of a site. Users may have their own, within these bounds. */
struct policy_site {
	struct policy standard;
	uint32_t delay_most;   /* the longest login_delay */
	uint32_t expire_least; /* the fewest days */
};

/* What holds for a user: the values of *own that it has, within the bounds, and
 * otherwise the site's. */
struct policy policy_of(const struct policy_site *site, bool has_delay, bool has_expire,
			const struct policy *own);

/* The time between two logins: "90s", "10m", "2h" or "1d", or a number of seconds; up
 * to POLICY_DELAY_MAX seconds. False, and *out untouched: it is none. */
MUST_USE bool policy_take_delay(struct span text, uint32_t *out);

/* How long messages are kept: "never", DAYS, or DAYS,DAYS for those that were not
 * retrieved and those that were, each a number up to POLICY_DAYS_MAX, with or without a
 * "d" behind it, or "never". "0"
 * alone is "never,0". False, and *out untouched: it is neither. */
MUST_USE bool policy_take_expire(struct span text, struct policy *out);

/* The argument of EXPIRE: the days that every message is kept. */
uint32_t policy_expire(const struct policy *p);

/* May a user who may log in `quick` times in a row, and then once in login_delay
 * seconds, log in now? `*io_due` (milliseconds, 0 at first) is what is to be
 * remembered; it changes when the answer is yes. A clock that went back forgives. */
MUST_USE bool policy_may_log_in(const struct policy *p, uint32_t quick, uint64_t now_ms,
				uint64_t *io_due);
