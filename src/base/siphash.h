/* base/siphash.h - a hash whose collisions cannot be found without its key.
 *
 * Prefix: siphash. SipHash-2-4 (Aumasson and Bernstein, 2012), for hash tables whose
 * keys a client can choose.
 */
#pragma once

#include "base/span.h"

enum { SIPHASH_KEY_OCTETS = 16 };

uint64_t siphash(const unsigned char key[SIPHASH_KEY_OCTETS], struct span in);
