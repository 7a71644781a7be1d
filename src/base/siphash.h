/* base/siphash.h - a hash that nobody can aim at who does not know its key.
 *
 * Prefix: siphash. SipHash-2-4 (Aumasson and Bernstein, 2012): for tables
 * whose keys come from outside.
 */
#pragma once

#include "base/span.h"

enum { SIPHASH_KEY_OCTETS = 16 };

uint64_t siphash(const unsigned char key[SIPHASH_KEY_OCTETS], struct span in);
