/* auth/token/jwt_keys.h - sets of keys from JSON (RFC 7517) or PEM.
 *
 * Prefix: jwt_keys_. No I/O: the caller has read the file.
 */
#pragma once

#include "auth/token/keyset.h"
#include "base/fault.h"

/* Parse a set of keys in JSON (RFC 7517 section 5), one key in JSON (section 4), or
 * public keys in PEM form. A key that is for another use than signatures, is too weak,
 * or cannot be parsed is left out, and `say` (which may be NULL) is called for it.
 * *out is the caller's, for keyset_free. FAULT_SETUP: the text has no usable key. */
MUST_USE enum fault jwt_keys_parse(struct span text, keyset_say_fn *say, void *arg,
				   struct keyset **out, struct why *why);
