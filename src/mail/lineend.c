/* mail/lineend.c - finds the line ends in a piece of text.
 *
 * Prefix: lineend_.
 */
#include "mail/lineend.h"

#include <endian.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* Write the place of the lowest mark, and count it if there is one: without a branch.
 */
static ALWAYS_INLINE size_t note(struct lineends *out, size_t n, size_t at,
				 uint64_t *io_marks, unsigned bits)
{
	const uint64_t marks = *io_marks;

	out->at[n] =
		(uint16_t)(at + (unsigned)__builtin_ctzll(marks | 1ull << 63) / bits);
	*io_marks = marks & (marks - 1);
	return n + (marks != 0);
}

/* The last octets of a piece, fewer than one step of the loop handles. */
static size_t find_rest(struct span in, size_t at, size_t n, struct lineends *out)
{
	for (; at < in.len; at++) {
		out->at[n] = (uint16_t)at;
		n += in.at[at] == '\n';
	}
	return n;
}

static size_t find_plain(struct span in, struct lineends *out)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), low = ones * 0x7f;
	size_t n = 0, at = 0;

	for (; at + 8 <= in.len; at += 8) {
		uint64_t octets, marks;

		memcpy(&octets, in.at + at, 8);
		octets = le64toh(octets) ^ ones * '\n';
		/* set the top bit of each octet that is zero, and clear all other bits
		 */
		marks = ~(((octets & low) + low) | octets | low);
		do
			n = note(out, n, at, &marks, 8);
		while (marks);
	}
	return find_rest(in, at, n, out);
}

#ifdef __x86_64__
/* The marks of 64 octets. They rarely hold more than two line ends. */
static ALWAYS_INLINE size_t note_all(struct lineends *out, size_t n, size_t at,
				     uint64_t marks)
{
	n = note(out, n, at, &marks, 1);
	do
		n = note(out, n, at, &marks, 1);
	while (marks);
	return n;
}

static size_t find_sse2(struct span in, struct lineends *out)
{
	const __m128i lf = _mm_set1_epi8('\n');
	size_t n = 0, at = 0;

	for (; at + 64 <= in.len; at += 64) {
		uint64_t marks = 0;

		for (unsigned i = 0; i < 64; i += sizeof lf) {
			__m128i octets;

			memcpy(&octets, in.at + at + i, sizeof octets);
			octets = _mm_cmpeq_epi8(octets, lf);
			marks |= (uint64_t)(unsigned)_mm_movemask_epi8(octets) << i;
		}
		n = note_all(out, n, at, marks);
	}
	return find_rest(in, at, n, out);
}

__attribute__((target("avx2,bmi"))) static size_t find_avx2(struct span in,
							    struct lineends *out)
{
	const __m256i lf = _mm256_set1_epi8('\n');
	size_t n = 0, at = 0;

	for (; at + 64 <= in.len; at += 64) {
		uint64_t marks = 0;

		for (unsigned i = 0; i < 64; i += sizeof lf) {
			__m256i octets;

			memcpy(&octets, in.at + at + i, sizeof octets);
			octets = _mm256_cmpeq_epi8(octets, lf);
			marks |= (uint64_t)(unsigned)_mm256_movemask_epi8(octets) << i;
		}
		n = note_all(out, n, at, marks);
	}
	return find_rest(in, at, n, out);
}

enum lineend_way lineend_best(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi")
		       ? LINEEND_AVX2
		       : LINEEND_SSE2;
}

size_t lineend_find(enum lineend_way way, struct span in, struct lineends *out)
{
	return way == LINEEND_AVX2   ? find_avx2(in, out)
	       : way == LINEEND_SSE2 ? find_sse2(in, out)
				     : find_plain(in, out);
}
#else
enum lineend_way lineend_best(void)
{
	return LINEEND_PLAIN;
}

size_t lineend_find(enum lineend_way way, struct span in, struct lineends *out)
{
	(void)way;
	return find_plain(in, out);
}
#endif
