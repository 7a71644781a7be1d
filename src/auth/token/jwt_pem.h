/* auth/token/jwt_pem.h - public keys in PEM form, as keys for JSON Web Tokens.
 *
 * Prefix: jwt_pem_.
 */
#pragma once

#include "auth/token/keyset.h"

/* Add each public key of the text to `keys`. A PEM key has no name: it is tried for
 * every token whose algorithm takes it. False: the text has no public key. */
bool jwt_pem_parse(struct keyset *keys, struct span text, keyset_say_fn *say,
		   void *arg);
