/* mail/listing.h - a listing: the file of records that the store writes and the front
 * reads.
 *
 * Prefix: listing_.
 *
 * A page for the store, then groups: LISTING_GROUP records, and behind them the names
 * that the store has for the same messages. So whoever serves LIST and UIDL reads no
 * names, and whatever belongs together stands together. To its reader a record is input
 * like any other: listing_get checks every field, and a sum over all of them.
 */
#pragma once

#include "base/buf.h"

enum {
	LISTING_UID_MAX = 70, /* RFC 1939 section 7: 1 to 70 octets of 0x21 to 0x7E */
	LISTING_HEAD_OCTETS = 4096,
	LISTING_RECORD_OCTETS = 128,
	LISTING_NAME_OCTETS = 256,
	LISTING_GROUP = 128,
	LISTING_GAPS_MAX = 480, /* that fit into the head, and into a message */
};

struct listing_record {
	uint64_t octets;    /* on the wire, as LIST and RETR count them */
	uint8_t form;       /* enum wire_form */
	uint8_t surrogate;  /* enum surrogate: for clients that know no UTF-8 */
	int32_t difference; /* so many octets more than the message it has */
	uint8_t uid_len;
	char uid[LISTING_UID_MAX];

	/* the store's own */
	uint64_t file;     /* tells the file of the message from others: its inode */
	uint64_t stored;   /* octets in it */
	uint64_t modified; /* when it was, in nanoseconds */
	uint64_t name_sum; /* listing_sum of the name */
	uint16_t name_len; /* 1 to LISTING_NAME_OCTETS */
	uint8_t flags;     /* what they mean is the store's business */
};

/* Records of messages that are gone, one behind the other, from `first` on. */
struct listing_gap {
	uint32_t first;
	uint32_t removed; /* gone up to the end of this run, those of earlier ones
			     included */
};

/* Which record is which message's. Its sum is good in its own generation only. */
struct listing_map {
	uint64_t generation;
	uint32_t gap_count;
	struct listing_gap *gaps; /* in order */
};

/* Where record i (0-based), and its name, stand in the file. */
static inline uint64_t listing_group_at(uint32_t i)
{
	return LISTING_HEAD_OCTETS +
	       (uint64_t)(i / LISTING_GROUP) * LISTING_GROUP *
		       (LISTING_RECORD_OCTETS + LISTING_NAME_OCTETS);
}

static inline uint64_t listing_at(uint32_t i)
{
	return listing_group_at(i) +
	       (uint64_t)(i % LISTING_GROUP) * LISTING_RECORD_OCTETS;
}

static inline uint64_t listing_name_at(uint32_t i)
{
	return listing_group_at(i) + (uint64_t)LISTING_GROUP * LISTING_RECORD_OCTETS +
	       (uint64_t)(i % LISTING_GROUP) * LISTING_NAME_OCTETS;
}

/* Octets that the file has at least when it holds `count` records. */
static inline uint64_t listing_end(uint32_t count)
{
	return count == 0 ? LISTING_HEAD_OCTETS
			  : listing_name_at(count - 1) + LISTING_NAME_OCTETS;
}

static inline struct span listing_uid(const struct listing_record *r)
{
	return (struct span){ r->uid, r->uid_len };
}

/* On the wire, for clients that know UTF-8 and for those that do not. */
static inline uint64_t listing_octets(const struct listing_record *r, bool utf8)
{
	return utf8 ? r->octets : r->octets + (uint64_t)(int64_t)r->difference;
}

/* Is this a unique-id that RFC 1939 section 7 allows? */
bool listing_uid_ok(struct span uid);

/* Tells what was written from what was not, not from what somebody made up. */
uint64_t listing_sum(struct span s, uint64_t seed);

/* Record i of a generation. */
void listing_put(const struct listing_record *r, uint64_t generation, uint32_t i,
		 char out[LISTING_RECORD_OCTETS]);

/* False, and *out untouched, when it is not record i of that generation. */
MUST_USE bool listing_get(const char at[LISTING_RECORD_OCTETS], uint64_t generation,
			  uint32_t i, struct listing_record *out);

/* The record (0-based) of message msg (1-based). */
uint32_t listing_number(const struct listing_map *map, uint32_t msg);

/* `count` records from `first` on are gone, which all stand behind those that were.
 * False: there is no room for one more gap; map->gaps has room for LISTING_GAPS_MAX.
 */
MUST_USE bool listing_remove(struct listing_map *map, uint32_t first, uint32_t count);

/* All gaps, eight octets each. */
void listing_put_gaps(const struct listing_map *map, struct buf *out);

/* Read map->gap_count of them into map->gaps. False: they are no gaps in `records`
 * records. */
MUST_USE bool listing_get_gaps(struct listing_map *map, const char *at,
			       uint32_t records);
