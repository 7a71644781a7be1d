/* auth/token/keyring.h - the file of keys for tokens, always as it is now.
 *
 * Prefix: keyring_. For many threads.
 */
#pragma once

#include "auth/token/keyset.h"
#include "base/fault.h"

struct keyring;

/* The file `name` (one component) in the open directory `dir`; both stay the caller's
 * and must stay. It need not exist yet. NULL: out of memory. */
MUST_USE struct keyring *keyring_new(int dir, const char *name);
void keyring_free(struct keyring *ring); /* NULL is allowed; nobody may be in it */

/* The keys as the file says now; the caller's, to be given back with keyset_free. A
 * changed file is read anew; one that is of no use any more leaves the last good
 * reading in force, and is logged once for each change. NULL, with the story in *why:
 * there never was a good one. */
struct keyset *keyring_acquire(struct keyring *ring, struct why *why);
