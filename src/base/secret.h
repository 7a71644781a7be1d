/* base/secret.h - octets that must not outlive their use.
 *
 * Prefix: secret_.
 */
#pragma once

#include "base/span.h"

/* Overwrite in a way that the compiler may not drop. */
static inline void secret_wipe(void *at, size_t len)
{
	if (at && len > 0)
		explicit_bzero(at, len);
}

/* Equal? Takes the same time wherever the first difference is; the lengths are
 * not hidden. */
bool secret_same(struct span a, struct span b);
