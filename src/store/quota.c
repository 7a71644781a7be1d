/* store/quota.c - decides whether a maildrop's quota allows a message.
 *
 * Prefix: store_quota_.
 */
#include "store/quota.h"

static bool octets_hold(const struct store_quota *q, uint64_t used, uint64_t octets)
{
	if (used >= q->octets)
		return false;
	const uint64_t left = q->octets - used;
	return octets <= left || octets - left <= q->grace;
}

bool store_quota_holds(const struct store_quota *q, const struct store_usage *usage,
		       uint64_t octets)
{
	return (q->octets == 0 || octets_hold(q, usage->octets, octets)) &&
	       (q->messages == 0 || usage->messages < q->messages);
}
