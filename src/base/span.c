/* base/span.c - comparing, cutting and reading runs of octets.
 *
 * Prefix: span_.
 */
#include "base/span.h"

#include <strings.h>

bool span_is(struct span s, const char *text)
{
	return strlen(text) == s.len && (s.len == 0 || memcmp(s.at, text, s.len) == 0);
}

bool span_is_nocase(struct span s, const char *text)
{
	return strlen(text) == s.len && span_starts_nocase(s, text);
}

bool span_same_nocase(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || strncasecmp(a.at, b.at, a.len) == 0);
}

bool span_starts(struct span s, const char *text)
{
	size_t n = strlen(text);

	return n <= s.len && (n == 0 || memcmp(s.at, text, n) == 0);
}

bool span_starts_nocase(struct span s, const char *text)
{
	size_t n = strlen(text);

	return n <= s.len && (n == 0 || strncasecmp(s.at, text, n) == 0);
}

bool span_has_any(struct span s, const char *set)
{
	for (size_t i = 0; i < s.len; i++)
		if (strchr(set, s.at[i]))
			return true;
	return false;
}

bool span_cut(struct span *io_rest, char sep, struct span *out_head)
{
	struct span all = *io_rest;
	const char *at = all.len ? memchr(all.at, sep, all.len) : NULL;

	if (!at) {
		*out_head = all;
		*io_rest = (struct span){ all.at + all.len, 0 };
		return false;
	}
	*out_head = (struct span){ all.at, (size_t)(at - all.at) };
	*io_rest = span_after(all, out_head->len + 1);
	return true;
}

bool span_u64(struct span s, uint64_t *out)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned char)s.at[i] - (unsigned)'0';

		if (digit > 9 || n > (UINT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	if (s.len > 0)
		*out = n;
	return s.len > 0;
}

bool span_u32(struct span s, uint32_t *out)
{
	uint64_t n;

	if (!span_u64(s, &n) || n > UINT32_MAX)
		return false;
	*out = (uint32_t)n;
	return true;
}

bool span_copy(struct span s, char *out, size_t room)
{
	bool fits = s.len < room && (s.len == 0 || !memchr(s.at, '\0', s.len));

	if (fits && s.len > 0)
		memcpy(out, s.at, s.len);
	if (room > 0)
		out[fits ? s.len : 0] = '\0';
	return fits;
}
