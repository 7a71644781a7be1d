/* mail/domain.h - domains beyond ASCII in ASCII (RFC 5891), and a memory of the last
 * ones.
 *
 * Prefix: domain_. A look at one costs some microseconds,
 * up to a hundred, and most messages have few.
 */
#pragma once

#include "base/span.h"

enum { DOMAIN_OCTETS_MAX = 255, DOMAIN_SLOTS = 32, DOMAIN_KEPT_MAX = 120 };

/* Start with all zero. */
struct domains {
	uint64_t looked; /* domains that were not remembered */
	struct domain {
		uint8_t len, ascii_len; /* len 0: nothing; ascii_len 0: it has no such
					   form */
		char text[DOMAIN_KEPT_MAX];
		char ascii[DOMAIN_KEPT_MAX];
	} slots[DOMAIN_SLOTS];
};

/* The form of a domain in ASCII, dots, letters, digits and hyphens alone; returns its
 * octets. 0: it has none. */
size_t domain_ascii(struct domains *d, struct span domain, char out[DOMAIN_OCTETS_MAX]);
