/* tls/names.h - finds the certificates for a host name.
 *
 * Prefix: names_. No I/O.
 */
#pragma once

#include "base/span.h"

struct name {
	char *text;     /* in lower case; a leading "*." matches one label */
	unsigned owner; /* the number of the certificate that has the name */
};

struct names {
	struct name *at;
	size_t count;
};

enum { NAMES_OCTETS_MAX = 255 };

/* Add a name. A text that cannot be a host name (empty, too long, or with octets that
 * no host name has) is skipped. False: out of memory. */
MUST_USE bool names_add(struct names *n, struct span text, unsigned owner);
void names_sort(struct names *n); /* after the last names_add, before names_find */
void names_done(struct names *n);

/* Find the entries for `host`, by ascending owner: those with exactly this name or, if
 * there are none, those with a wildcard for its first label. NULL, and *out_count 0: no
 * certificate is for this host. */
const struct name *names_find(const struct names *n, struct span host,
			      size_t *out_count);

/* Have these two owners a name in common? */
bool names_are_shared(const struct names *n, unsigned a, unsigned b);
