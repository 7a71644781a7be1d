/* auth/token/keyring.h - the file of keys for tokens, parsed again whenever it changes.
 *
 * Prefix: keyring_. Several threads may call keyring_acquire at the same time.
 */
#pragma once

#include "auth/token/keyset.h"
#include "base/fault.h"

struct keyring;

/* Watch the file `name` (one component) in the open folder `dir`; both must outlive the
 * keyring. The file need not exist yet. NULL: out of memory. */
MUST_USE struct keyring *keyring_new(int dir, const char *name);
/* NULL is allowed. No thread may be in keyring_acquire. Keys that a caller has acquired
 * stay valid. */
void keyring_free(struct keyring *ring);

/* Return the keys of the file as it is at this moment; the caller passes them to
 * keyset_free. If the file has no usable keys, return the keys of its last usable
 * state, and log the trouble once for each change of the file. NULL, with the story in
 * *why: the file has never had usable keys. */
struct keyset *keyring_acquire(struct keyring *ring, struct why *why);
