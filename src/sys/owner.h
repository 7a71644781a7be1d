/* sys/owner.h - which uids may own mail.
 *
 * Prefix: owner_. poplard starts maildrop processes by this rule, and the operator's
 * tool reports users who break it.
 */
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include "base/span.h"

/* May poplard start a maildrop process of this uid and gid, besides that of mail-user?
 * As root: with any uid from first_uid on, but never with uid 0 or gid 0. Otherwise:
 * only with its own ids. */
static inline bool owner_may_be(uint64_t uid, uint64_t gid, uint32_t first_uid)
{
	const uint64_t most = UINT32_MAX - 1; /* UINT32_MAX is "no change" */

	if (geteuid() != 0)
		return uid == geteuid() && gid == getegid();
	return uid > 0 && uid >= first_uid && uid <= most && gid > 0 && gid <= most;
}
