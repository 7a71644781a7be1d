/* base/policy.h - login delay and retention of messages (RFC 1939 section 8, RFC 2449
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
	uint32_t unread; /* a message that was not retrieved expires after so many days;
			    POLICY_NEVER: it stays */
	uint32_t retrieved; /* the same for a message that was retrieved; 0: QUIT
			       removes it at once */
};

/* What happens to a message that RETR has sent. */
enum retrieval {
	RETRIEVAL_FORGOTTEN, /* nothing */
	RETRIEVAL_NOTED, /* QUIT notes the retrieval in the ledger, or marks the message
			    as seen, or both */
	RETRIEVAL_REMOVES, /* QUIT removes the message (RFC 2449 section 6.7) */
};

/* The policy of a site, and the bounds for policies of single users. */
struct policy_site {
	struct policy standard;
	uint32_t delay_most;   /* the longest login_delay */
	uint32_t expire_least; /* users may not have fewer days than this */
};

/* The policy of a user. has_delay and has_expire say which values of *own the user's
 * database has set. The site's bounds limit these; the other values are the site's. */
struct policy policy_of(const struct policy_site *site, bool has_delay, bool has_expire,
			const struct policy *own);

/* The time between two logins: "90s", "10m", "2h" or "1d", or a number of seconds; up
 * to POLICY_DELAY_MAX seconds. False: the text is no such time; *out is unchanged. */
MUST_USE bool policy_parse_delay(struct span text, uint32_t *out);

/* Parse how long messages are kept: "A", or "A,B" for messages that were not retrieved
 * and messages that were. A and B are "never", or a number of days up to
 * POLICY_DAYS_MAX with or without a "d" behind it. "0" alone means "never,0"; A may not
 * be 0 before a B. False: the text is malformed; *out is unchanged. */
MUST_USE bool policy_parse_expire(struct span text, struct policy *out);

/* The argument of the capability EXPIRE (RFC 2449 section 6.7): the smaller one of
 * unread and retrieved, in days; POLICY_NEVER: no message expires. */
uint32_t policy_expire(const struct policy *p);

/* May the user log in? A user may log in `quick` times in a row, and then once in
 * login_delay seconds; each login_delay that passes gives one of the quick logins back.
 * The caller keeps *io_due (milliseconds, 0 at first) from one login to the next; it
 * changes only if the answer is yes. If the clock has been set back, earlier logins are
 * forgotten. */
MUST_USE bool policy_may_log_in(const struct policy *p, uint32_t quick, uint64_t now_ms,
				uint64_t *io_due);
