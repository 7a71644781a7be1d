/* mail/listing.c - a listing: the file of records that the store writes and the front
 * reads.
 *
 * Prefix: listing_.
 */
#include "mail/listing.h"

#include <endian.h>

#include "mail/downgrade.h"

/* A record: numbers of eight octets, least first; the sum is over all before it. */
enum {
	AT_OCTETS = 0,
	AT_FILE = 8,
	AT_STORED = 16,
	AT_MODIFIED = 24,
	AT_NAME_SUM = 32,
	AT_NAME_LEN = 40, /* two octets */
	AT_FLAGS = 42,
	AT_FORM = 43,
	AT_UID_LEN = 44,
	AT_UID = 45,
	AT_SURROGATE = 115,
	AT_DIFFERENCE = 116, /* four octets */
	AT_SUM = LISTING_RECORD_OCTETS - 8,
};

_Static_assert(AT_UID + LISTING_UID_MAX <= (int)AT_SURROGATE &&
		       AT_DIFFERENCE + 4 <= AT_SUM,
	       "a record holds its fields");

static void put_u64(char *at, uint64_t n)
{
	n = htole64(n);
	memcpy(at, &n, sizeof n);
}

static uint64_t get_u64(const char *at)
{
	uint64_t n;

	memcpy(&n, at, sizeof n);
	return le64toh(n);
}

static void put_i32(char *at, int32_t n)
{
	const uint32_t le = htole32((uint32_t)n);

	memcpy(at, &le, sizeof le);
}

static int32_t get_i32(const char *at)
{
	uint32_t n;

	memcpy(&n, at, sizeof n);
	return (int32_t)le32toh(n);
}

bool listing_uid_ok(struct span uid)
{
	for (size_t i = 0; i < uid.len; i++)
		if (uid.at[i] < 0x21 || uid.at[i] > 0x7e)
			return false;
	return uid.len >= 1 && uid.len <= LISTING_UID_MAX;
}

/* An odd number whose bits are well mixed (2^64 divided by the golden ratio). */
#define STIR UINT64_C(0x9e3779b97f4a7c15)

static uint64_t stir(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * STIR;
	return sum ^ sum >> 32;
}

uint64_t listing_sum(struct span s, uint64_t seed)
{
	char last[8] = { 0 };
	uint64_t sum = stir(seed, s.len);

	for (; s.len >= 8; s = span_after(s, 8))
		sum = stir(sum, get_u64(s.at));
	if (s.len > 0)
		memcpy(last, s.at, s.len);
	return stir(sum, get_u64(last));
}

/* The sum depends on generation and number: a record of an earlier generation, or at
 * the place of another record, does not count. */
static uint64_t sum_of(const char *at, uint64_t generation, uint32_t i)
{
	return listing_sum((struct span){ at, AT_SUM }, stir(generation, i));
}

void listing_put(const struct listing_record *r, uint64_t generation, uint32_t i,
		 char out[LISTING_RECORD_OCTETS])
{
	memset(out, 0, LISTING_RECORD_OCTETS);
	put_u64(out + AT_OCTETS, r->octets);
	put_u64(out + AT_FILE, r->file);
	put_u64(out + AT_STORED, r->stored);
	put_u64(out + AT_MODIFIED, r->modified);
	put_u64(out + AT_NAME_SUM, r->name_sum);
	out[AT_NAME_LEN] = (char)(r->name_len & 0xff);
	out[AT_NAME_LEN + 1] = (char)(r->name_len >> 8);
	out[AT_FLAGS] = (char)r->flags;
	out[AT_FORM] = (char)r->form;
	out[AT_UID_LEN] = (char)r->uid_len;
	memcpy(out + AT_UID, r->uid, r->uid_len);
	out[AT_SURROGATE] = (char)r->surrogate;
	put_i32(out + AT_DIFFERENCE, r->difference);
	put_u64(out + AT_SUM, sum_of(out, generation, i));
}

/* One that is made has octets; another makes no difference. */
static bool surrogate_fits(const char *at)
{
	const uint8_t surrogate = (uint8_t)at[AT_SURROGATE];
	const int64_t more = get_i32(at + AT_DIFFERENCE);

	return surrogate == SURROGATE_MADE
		       ? more >= 0 || (uint64_t)-more <= get_u64(at + AT_OCTETS)
		       : surrogate < SURROGATE_COUNT && more == 0;
}

bool listing_get(const char at[LISTING_RECORD_OCTETS], uint64_t generation, uint32_t i,
		 struct listing_record *out)
{
	uint8_t form = (uint8_t)at[AT_FORM], len = (uint8_t)at[AT_UID_LEN];
	unsigned name_len = (uint8_t)at[AT_NAME_LEN] +
			    256u * (uint8_t)at[AT_NAME_LEN + 1];

	if (form >= WIRE_FORM_COUNT || !surrogate_fits(at) || len > LISTING_UID_MAX ||
	    !listing_uid_ok((struct span){ at + AT_UID, len }) || name_len == 0 ||
	    name_len > LISTING_NAME_OCTETS ||
	    get_u64(at + AT_SUM) != sum_of(at, generation, i))
		return false;
	*out = (struct listing_record){
		.octets = get_u64(at + AT_OCTETS),
		.form = form,
		.surrogate = (uint8_t)at[AT_SURROGATE],
		.difference = get_i32(at + AT_DIFFERENCE),
		.uid_len = len,
		.file = get_u64(at + AT_FILE),
		.stored = get_u64(at + AT_STORED),
		.modified = get_u64(at + AT_MODIFIED),
		.name_sum = get_u64(at + AT_NAME_SUM),
		.name_len = (uint16_t)name_len,
		.flags = (uint8_t)at[AT_FLAGS],
	};
	memcpy(out->uid, at + AT_UID, len);
	return true;
}

/* ---- gaps ---- */

/* Removed records in front of gap h. */
static uint32_t before(const struct listing_map *map, uint32_t h)
{
	return h > 0 ? map->gaps[h - 1].removed : 0;
}

/* Binary search for the last gap that begins at or before the record that message i
 * would have without the gap. */
uint32_t listing_number(const struct listing_map *map, uint32_t msg)
{
	uint32_t low = 0, high = map->gap_count, i = msg - 1;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (map->gaps[mid].first - before(map, mid) <= i)
			low = mid + 1;
		else
			high = mid;
	}
	return i + before(map, low);
}

bool listing_remove(struct listing_map *map, uint32_t first, uint32_t count)
{
	uint32_t n = map->gap_count, removed = before(map, n);
	struct listing_gap *last = n > 0 ? &map->gaps[n - 1] : NULL;

	if (count == 0)
		return true;
	if (last && first == last->first + removed - before(map, n - 1)) {
		last->removed += count;
		return true;
	}
	if (n == LISTING_GAPS_MAX)
		return false;
	map->gaps[map->gap_count++] = (struct listing_gap){ first, removed + count };
	return true;
}

void listing_put_gaps(const struct listing_map *map, struct buf *out)
{
	for (uint32_t h = 0; h < map->gap_count; h++) {
		char at[8];

		put_u64(at, (uint64_t)map->gaps[h].removed << 32 | map->gaps[h].first);
		buf_put(out, (struct span){ at, sizeof at });
	}
}

/* Between two gaps stands a message at least. */
bool listing_get_gaps(struct listing_map *map, const char *at, uint32_t records)
{
	uint64_t end = 0;

	for (uint32_t h = 0; h < map->gap_count; h++, at += 8) {
		uint64_t both = get_u64(at);
		const struct listing_gap gap = { (uint32_t)both,
						 (uint32_t)(both >> 32) };

		if (gap.removed <= before(map, h) || gap.first < end + (h > 0))
			return false;
		end = (uint64_t)gap.first + gap.removed - before(map, h);
		if (end > records)
			return false;
		map->gaps[h] = gap;
	}
	return true;
}
