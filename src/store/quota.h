/* store/quota.h - decides whether a maildrop's quota allows a message.
 *
 * Prefix: store_quota_.
 */
#pragma once

#include "store/maildrop.h"

/* Has this quota any limit? */
static inline bool store_quota_is_set(const struct store_quota *q)
{
	return q->octets > 0 || q->messages > 0;
}

/* May a message of `octets` octets on the wire come to a maildrop with this usage? */
MUST_USE bool store_quota_holds(const struct store_quota *q,
				const struct store_usage *usage, uint64_t octets);
