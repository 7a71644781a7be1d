/* base/utf8.h - checking and decoding UTF-8.
 *
 * Prefix: utf8_. RFC 3629: overlong forms, surrogates and codes above U+10FFFF are not
 * UTF-8.
 */
#pragma once

#include "base/span.h"

/* The number of octets of the character at the beginning of s. 0: s is empty, or does
 * not begin with a valid character. */
size_t utf8_first(struct span s);

/* The code point of that character. Call it only if utf8_first(s) is not 0. */
uint32_t utf8_code(struct span s);

bool utf8_is(struct span s);
bool utf8_is_ascii(struct span s);
