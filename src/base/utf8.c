/* base/utf8.c - checking and decoding UTF-8.
 *
 * Prefix: utf8_.
 */
#include "base/utf8.h"

/* The valid encodings (RFC 3629 section 4): the range of the first octet, the range of
 * the second, and the number of octets. The third and fourth octets are 80 to BF. */
static const struct shape {
	uint8_t from, to, low, high, octets;
} shapes[] = {
	{ 0x00, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

static uint8_t octet(struct span s, size_t i)
{
	return (uint8_t)s.at[i];
}

static bool fits(const struct shape *shape, struct span s)
{
	if (octet(s, 0) < shape->from || octet(s, 0) > shape->to ||
	    s.len < shape->octets)
		return false;
	if (shape->octets > 1 &&
	    (octet(s, 1) < shape->low || octet(s, 1) > shape->high))
		return false;
	for (size_t i = 2; i < shape->octets; i++)
		if (octet(s, i) >> 6 != 2)
			return false;
	return true;
}

size_t utf8_first(struct span s)
{
	if (s.len == 0)
		return 0;
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		if (fits(&shapes[i], s))
			return shapes[i].octets;
	return 0;
}

uint32_t utf8_code(struct span s)
{
	static const uint8_t first_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	const size_t octets = utf8_first(s);
	uint32_t code = octet(s, 0) & first_bits[octets];

	for (size_t i = 1; i < octets; i++)
		code = code << 6 | (octet(s, i) & 0x3f);
	return code;
}

bool utf8_is(struct span s)
{
	while (s.len > 0) {
		const size_t octets = utf8_first(s);

		if (octets == 0)
			return false;
		s = span_after(s, octets);
	}
	return true;
}

bool utf8_is_ascii(struct span s)
{
	uint8_t all = 0;

	for (size_t i = 0; i < s.len; i++)
		all |= octet(s, i);
	return all < 0x80;
}
