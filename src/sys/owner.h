/* sys/owner.h - whose mail there may be.
 *
 * Prefix: owner_. What poplard decides when a process is asked for, and
 * the operator's tool tells before that.
 */
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include "base/span.h"

/* May there be a process of this uid and gid, besides mail-user's? As root never one of
 * root or of a uid of the system; otherwise only one of our own. */
static inline bool owner_may_be(uint64_t uid, uint64_t gid, uint32_t first_uid)
{
	const uint64_t most = UINT32_MAX - 1; /* the last one says "no change" */

	if (geteuid() != 0)
		return uid == geteuid() && gid == getegid();
	return uid > 0 && uid >= first_uid && uid <= most && gid > 0 && gid <= most;
}
