/* auth/token/jwt_keys.h - sets of keys from JSON (RFC 7517) or PEM.
 *
 * Prefix: jwt_keys_. No I/O: the caller has read the file.
 */
#pragma once

#include "auth/token/keyset.h"
#include "base/fault.h"

/* Parse a set of keys in JSON (RFC 7517 section 5), one key in JSON (section 4), or
 * public keys in PEM form. The parser leaves out each key that is not for signatures,
 * is too weak, or cannot be parsed, and calls `say` (which may be NULL) for it. The
 * caller frees *out with keyset_free. FAULT_SETUP: the text has no usable key.
 * FAULT_NOMEM. */
MUST_USE enum fault jwt_keys_parse(struct span text, keyset_say_fn *say, void *arg,
				   struct keyset **out, struct why *why);
