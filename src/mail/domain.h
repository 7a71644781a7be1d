/* mail/domain.h - converts internationalized domain names to ASCII (RFC 5891), with a
 * cache.
 *
 * Prefix: domain_. A conversion takes up to a hundred microseconds, and most messages
 * repeat a few domains.
 */
#pragma once

#include "base/span.h"

enum { DOMAIN_OCTETS_MAX = 255, DOMAIN_SLOTS = 32, DOMAIN_KEPT_MAX = 120 };

/* The cache, for one thread. Begin with all zero. Longer domains than DOMAIN_KEPT_MAX
 * are converted each time. */
struct domains {
	uint64_t looked; /* domains that were converted, not found in the cache */
	struct domain {
		uint8_t len, ascii_len; /* len 0: empty; ascii_len 0: no ASCII form */
		char text[DOMAIN_KEPT_MAX];
		char ascii[DOMAIN_KEPT_MAX];
	} slots[DOMAIN_SLOTS];
};

/* Write the ASCII form of a domain: letters, digits, hyphens and dots, without a NUL.
 * Returns its length. 0: the domain has no ASCII form. */
size_t domain_ascii(struct domains *d, struct span domain, char out[DOMAIN_OCTETS_MAX]);
