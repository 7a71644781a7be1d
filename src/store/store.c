/* store/store.c - what all stores share.
 *
 * Floor 2 (store). Prefix: store_.
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
