/* store/store.c - what all stores share.
 *
 * Prefix: store_.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/own.h"
#include "mail/name.h"
#include "store/store.h"

static int by_value(const void *a, const void *b)
{
	return memcmp(a, b, 1);
}

/* The first time that it has a large array to sort, the C library opens a file to learn
 * how much memory there is. */
bool store_start(void)
{
	char large[4096] = { 1 };

	qsort(large, sizeof large, 1, by_value);
	return name_start();
}

/* From the kernel's text for it; where there is none, each process begins anew. */
uint64_t store_boot(void)
{
	OWN_FD fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	char text[36];

	if (fd < 0 || pread(fd, text, sizeof text, 0) != sizeof text)
		randombytes_buf(text, sizeof text);
	return listing_sum((struct span){ text, sizeof text }, 0) | 1;
}

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
