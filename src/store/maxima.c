/* store/maxima.c - how many messages a board has ever had.
 *
 * Prefix: maxima_. The file is a head and the sorted sums, eight octets each, in the
 * byte order of this machine: the file of another machine is not recognized, and
 * counting begins anew.
 */
#include "store/maxima.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "sys/file.h"

enum { SUMS_MAX = 1 << 26 };
#define MAGIC    UINT64_C(0x616d6978616d6250)
#define NEW_FILE MAXIMA_FILE ".new"

struct head {
	uint64_t magic, maxima, count, sum; /* `sum` covers the sums behind the head */
};

struct seen {
	uint64_t maxima, count;
	uint64_t *sums; /* malloc'ed, sorted */
};

/* Only one session of this process at a time reads and writes such a file. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t sum_of(const struct seen *s)
{
	return listing_sum(
		(struct span){ (const char *)s->sums, s->count * sizeof *s->sums },
		s->maxima);
}

/* The sums of the listed messages. False: out of memory, or a damaged record. */
static bool list(const struct store_listing *l, struct seen *out)
{
	struct listing_record r;

	*out = (struct seen){ .sums = malloc((l->count + 1) * sizeof *out->sums) };
	for (uint32_t msg = 1; out->sums && msg <= l->count; msg++) {
		if (!store_record(l, msg, &r))
			return false;
		out->sums[out->count++] = listing_sum(listing_uid(&r), 0);
	}
	if (out->sums)
		qsort(out->sums, out->count, sizeof *out->sums, compare);
	return out->sums;
}

/* Read the file. False: there is no usable file; *out is empty. */
static bool load(int dir, struct seen *out)
{
	OWN_FD fd = file_open_beneath(dir, MAXIMA_FILE, O_RDONLY | O_NONBLOCK);
	struct head head;
	struct stat st;

	*out = (struct seen){ 0 };
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    pread(fd, &head, sizeof head, 0) != sizeof head || head.magic != MAGIC ||
	    head.count > SUMS_MAX || head.maxima < head.count)
		return false;
	const size_t octets = head.count * sizeof *out->sums;
	struct seen s = { head.maxima, head.count, malloc(octets + 1) };
	if (s.sums && pread(fd, s.sums, octets, sizeof head) == (ssize_t)octets &&
	    sum_of(&s) == head.sum) {
		*out = s;
		return true;
	}
	free(s.sums);
	return false;
}

static enum fault save(int dir, const struct seen *s, struct why *why)
{
	const struct head head = { MAGIC, s->maxima, s->count, sum_of(s) };
	const size_t octets = s->count * sizeof *s->sums;

	if (unlinkat(dir, NEW_FILE, 0) < 0 && errno != ENOENT)
		return fault_set(why, FAULT_SETUP, errno, "replace", MAXIMA_FILE);
	OWN_FD fd = file_create_beneath(dir, NEW_FILE, 0600);
	if (fd < 0 || pwrite(fd, &head, sizeof head, 0) != sizeof head ||
	    pwrite(fd, s->sums, octets, sizeof head) != (ssize_t)octets ||
	    fsync(fd) < 0 || renameat(dir, NEW_FILE, dir, MAXIMA_FILE) < 0)
		return fault_set(why, FAULT_SETUP, errno, "write", MAXIMA_FILE);
	return FAULT_NONE;
}

/* The number of sums in `now` that are not in `before`; both are sorted. */
static uint64_t count_new(const struct seen *now, const struct seen *before)
{
	uint64_t fresh = 0, k = 0;

	for (uint64_t i = 0; i < now->count; i++) {
		while (k < before->count && before->sums[k] < now->sums[i])
			k++;
		if (k < before->count && before->sums[k] == now->sums[i])
			k++;
		else
			fresh++;
	}
	return fresh;
}

uint32_t maxima_of(int dir, const struct store_listing *l, struct why *why)
{
	struct seen now, before;

	if (!list(l, &now)) {
		free(now.sums);
		fault_set(why, FAULT_NOMEM, 0, "count", MAXIMA_FILE);
		return l->count;
	}
	pthread_mutex_lock(&mutex);
	const bool known = load(dir, &before);
	const uint64_t fresh = count_new(&now, &before);
	now.maxima = before.maxima + fresh;
	if (now.maxima < now.count)
		now.maxima = now.count;
	if (now.maxima > UINT32_MAX)
		now.maxima = UINT32_MAX;
	if (!known || fresh > 0 || now.count != before.count)
		fault_ignore(save(dir, &now, why));
	pthread_mutex_unlock(&mutex);
	free(before.sums);
	free(now.sums);
	return (uint32_t)now.maxima;
}
