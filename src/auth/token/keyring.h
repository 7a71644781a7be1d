/* auth/token/keyring.h - the file of keys for tokens, parsed again whenever it changes.
 *
 * Prefix: keyring_. For many threads.
 */
#pragma once

#include "auth/token/keyset.h"
#include "base/fault.h"

struct keyring;

/* The file `name` (one component) in the open directory `dir`. The caller keeps both.
 * The file need not exist yet. NULL: out of memory. */
MUST_USE struct keyring *keyring_new(int dir, const char *name);
/* NULL is allowed. No thread may be in keyring_acquire. */
void keyring_free(struct keyring *ring);

/* The keys of the file as it is at this moment; the caller gives them back with
 * keyset_free. If the file has no usable keys, those of its last usable state stay in
 * force, and the trouble is logged once for each change of the file. NULL, with the
 * story in *why: the file has never had usable keys. */
struct keyset *keyring_acquire(struct keyring *ring, struct why *why);
