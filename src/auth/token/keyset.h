/* auth/token/keyset.h - the keys that check JSON Web Tokens.
 *
 * Prefix: keyset_.
 */
#pragma once

#include "base/span.h"

/* The keys of a set: further ones are left out. The octets of a file: a longer one is
 * refused as a whole. */
enum { KEYSET_MAX = 64, KEYSET_OCTETS_MAX = 1 << 18 };

/* The keys of one state of the file. jwt_keys_parse makes them, and jwt_verify uses
 * them. They are immutable, and the count of references is atomic: several threads may
 * use, keep and free a set at the same time. */
struct keyset;

struct keyset *keyset_keep(struct keyset *keys); /* adds a reference; returns keys */
void keyset_free(struct keyset *keys); /* drops a reference; NULL is allowed */

static inline void keyset_done_p(struct keyset **p)
{
	keyset_free(*p);
}

/* Called once for each key that is left out: its number in the file, from 1 on (with
 * PEM, the number of its block), and the reason. */
typedef void keyset_say_fn(void *arg, unsigned key, const char *text);
