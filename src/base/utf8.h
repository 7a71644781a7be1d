/* base/utf8.h - is it UTF-8?
 *
 * Prefix: utf8_. RFC 3629: no overlong forms, no surrogates, nothing behind
 * U+10FFFF.
 */
#pragma once

#include "base/span.h"

/* Octets of the character that s begins with; 0: it begins with none. */
size_t utf8_first(struct span s);

/* The character itself; utf8_first was not 0. */
uint32_t utf8_code(struct span s);

bool utf8_is(struct span s);
bool utf8_is_ascii(struct span s);
