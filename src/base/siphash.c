/* base/siphash.c - a hash whose collisions cannot be found without its key.
 *
 * Prefix: siphash.
 */
#include "base/siphash.h"

#include <endian.h>

static uint64_t word(const void *at)
{
	uint64_t le;

	memcpy(&le, at, sizeof le);
	return le64toh(le);
}

static uint64_t turn(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void stir(uint64_t v[4], unsigned rounds)
{
	while (rounds-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = turn(v[1], 13) ^ v[0];
		v[3] = turn(v[3], 16) ^ v[2];
		v[0] = turn(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = turn(v[1], 17) ^ v[2];
		v[3] = turn(v[3], 21) ^ v[0];
		v[2] = turn(v[2], 32);
	}
}

static void absorb(uint64_t v[4], uint64_t m)
{
	v[3] ^= m;
	stir(v, 2);
	v[0] ^= m;
}

uint64_t siphash(const unsigned char key[SIPHASH_KEY_OCTETS], struct span in)
{
	uint64_t a = word(key), b = word(key + 8);
	uint64_t v[4] = { a ^ 0x736f6d6570736575, b ^ 0x646f72616e646f6d,
			  a ^ 0x6c7967656e657261, b ^ 0x7465646279746573 };
	unsigned char last[8] = { [7] = (unsigned char)in.len };

	for (; in.len >= 8; in = span_after(in, 8))
		absorb(v, word(in.at));
	if (in.len > 0)
		memcpy(last, in.at, in.len);
	absorb(v, word(last));
	v[2] ^= 0xff;
	stir(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
