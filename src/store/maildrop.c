/* store/maildrop.c - reads the listing of an open maildrop.
 *
 * Prefix: store_.
 */
#include "store/maildrop.h"

#include <errno.h>
#include <unistd.h>

bool store_record(const struct store_listing *l, uint32_t msg,
		  struct listing_record *out)
{
	char at[LISTING_RECORD_OCTETS];
	uint32_t i = listing_number(l->map, msg);
	ssize_t n;

	do
		n = pread(l->fd, at, sizeof at, (off_t)listing_at(i));
	while (n < 0 && errno == EINTR);
	return n == sizeof at && listing_get(at, l->map->generation, i, out);
}

static uint64_t less(uint64_t octets, uint64_t gone)
{
	return gone < octets ? octets - gone : 0;
}

void store_left(const struct store_listing *l, const uint64_t *marks,
		uint64_t *out_octets, uint64_t *out_ascii_octets)
{
	struct listing_record r;

	*out_octets = l->octets;
	*out_ascii_octets = l->ascii_octets;
	for (uint32_t w = 0; marks && w < (l->count + UINT64_C(63)) / 64; w++)
		for (uint64_t bits = marks[w]; bits; bits &= bits - 1) {
			const uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(bits);

			if (!store_record(l, i + 1, &r))
				continue;
			*out_octets = less(*out_octets, listing_octets(&r, true));
			*out_ascii_octets =
				less(*out_ascii_octets, listing_octets(&r, false));
		}
}
