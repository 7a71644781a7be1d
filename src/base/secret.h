/* base/secret.h - wiping and comparing secrets.
 *
 * Prefix: secret_.
 */
#pragma once

#include "base/span.h"

/* Overwrite the octets, in a way that the compiler may not optimize out. */
static inline void secret_wipe(void *at, size_t len)
{
	if (at && len > 0)
		explicit_bzero(at, len);
}

/* Are both equal? The time does not depend on where they differ, so that it tells an
 * attacker nothing. It does depend on their lengths. */
bool secret_same(struct span a, struct span b);
