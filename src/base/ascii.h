/* base/ascii.h - letters and digits of ASCII, in any locale.
 *
 * Prefix: ascii_.
 */
#pragma once

#include "base/span.h"

static inline bool ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool ascii_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Is c a letter, a digit, or one of the characters of `others`? */
static inline bool ascii_is_plain(char c, const char *others)
{
	return ascii_is_letter(c) || ascii_is_digit(c) || (c && strchr(others, c));
}

static inline char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}
