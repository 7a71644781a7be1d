/* auth/token/jwt_pem.h - public keys in PEM form, as keys for JSON Web Tokens.
 *
 * Prefix: jwt_pem_.
 */
#pragma once

#include "auth/token/keyset.h"

/* Add each public key of the text to `keys`. A PEM key has no `kid`, so it is tried for
 * every token whose algorithm fits it. Call `say` (which may be NULL) for each key that
 * is left out, and for each block ("-----BEGIN ...") that cannot be read as a public
 * key; blocks are numbered from 1 on. False: the text has no public key. True does not
 * mean that a key was added. */
bool jwt_pem_parse(struct keyset *keys, struct span text, keyset_say_fn *say,
		   void *arg);
