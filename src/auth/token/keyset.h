/* auth/token/keyset.h - the keys that check JSON Web Tokens.
 *
 * Prefix: keyset_.
 */
#pragma once

#include "base/span.h"

enum { KEYSET_MAX = 64, KEYSET_OCTETS_MAX = 1 << 18 };

/* The keys of one state of the file: immutable, with a count of references. */
struct keyset;

struct keyset *keyset_keep(struct keyset *keys); /* adds a reference; returns keys */
void keyset_free(struct keyset *keys); /* drops a reference; NULL is allowed */

static inline void keyset_done_p(struct keyset **p)
{
	keyset_free(*p);
}

/* Called once for each key that is left out: its number in the file, from 1 on, and the
 * reason. */
typedef void keyset_say_fn(void *arg, unsigned key, const char *text);
