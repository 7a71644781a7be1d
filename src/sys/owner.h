/* sys/owner.h - which uids may own mail.
 *
 * Prefix: owner_. poplard starts maildrop processes by this rule, and the operator's
 * tool reports by it.
 */
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include "base/span.h"

/* May there be a maildrop process of this uid and gid, besides mail-user's? If poplard
 * runs as root: any from first_uid on, but never root. Otherwise only its own. */
static inline bool owner_may_be(uint64_t uid, uint64_t gid, uint32_t first_uid)
{
	const uint64_t most = UINT32_MAX - 1; /* the last one says "no change" */

	if (geteuid() != 0)
		return uid == geteuid() && gid == getegid();
	return uid > 0 && uid >= first_uid && uid <= most && gid > 0 && gid <= most;
}
