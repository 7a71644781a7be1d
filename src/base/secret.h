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

/* Are both equal? The time of the comparison depends on the lengths, but not on where
 * the octets differ, so an attacker learns nothing from it. */
bool secret_same(struct span a, struct span b);
