/* tls/names.h - which certificates are there for a name?
 *
 * Prefix: names_. Pure.
 */
#pragma once

#include "base/span.h"

struct name {
	char *text;     /* in lower case; "*." in front stands for one label */
	unsigned owner; /* number of the certificate */
};

struct names {
	struct name *at;
	size_t count;
};

enum { NAMES_OCTETS_MAX = 255 };

/* What cannot be a host's name (empty, too long, with octets that no name has) is left
 * out. False: out of memory. */
MUST_USE bool names_add(struct names *n, struct span text, unsigned owner);
void names_sort(struct names *n); /* after the last, before the first question */
void names_done(struct names *n);

/* The entries for `host`, lower owners first: those that have it literally or, if there
 * are none, those with a wildcard for its first label. NULL and 0: nobody has it. */
const struct name *names_find(const struct names *n, struct span host,
			      size_t *out_count);

/* Have these two owners a name in common? */
bool names_are_shared(const struct names *n, unsigned a, unsigned b);
