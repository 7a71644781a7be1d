/* mail/listing.h - a listing: the file of records that the store writes and the front
 * reads.
 *
 * Prefix: listing_.
 *
 * The file is a page for the store, then groups: LISTING_GROUP records, followed by the
 * store's names of the same messages. So LIST and UIDL need no names, and a record and
 * its name stand close together. A reader trusts no record: listing_get checks every
 * field, and a sum over all of them.
 */
#pragma once

#include "base/buf.h"

enum {
	LISTING_UID_MAX = 70, /* RFC 1939 section 7: 1 to 70 octets of 0x21 to 0x7E */
	LISTING_HEAD_OCTETS = 4096,
	LISTING_RECORD_OCTETS = 128,
	LISTING_NAME_OCTETS = 256,
	LISTING_GROUP = 128,
	LISTING_GAPS_MAX = 480, /* as many as fit into the head, and into READY */
};

struct listing_record {
	uint64_t octets;    /* on the wire, as LIST and RETR count them */
	uint8_t form;       /* enum wire_form */
	uint8_t surrogate;  /* enum surrogate: for clients without UTF8 */
	int32_t difference; /* the surrogate's octets less the message's; 0: none */
	uint8_t uid_len;
	char uid[LISTING_UID_MAX];

	/* the store's own */
	uint64_t file;     /* identity of the message's file */
	uint64_t stored;   /* octets in it */
	uint64_t modified; /* time of modification of the file, in ns */
	uint64_t name_sum; /* listing_sum of the name */
	uint16_t name_len; /* 1 to LISTING_NAME_OCTETS */
	uint8_t flags;     /* their meaning is the store's */
};

/* A run of records from `first` on whose messages are gone. */
struct listing_gap {
	uint32_t first;
	uint32_t removed; /* records that are gone up to the end of this gap, with those
			     of earlier gaps */
};

/* Which record belongs to which message. The sum of a record covers the generation and
 * the record's number: a record of an earlier generation does not count. */
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

/* A sum that finds accidents; whoever can write the file can also make up a sum. */
uint64_t listing_sum(struct span s, uint64_t seed);

/* Write record i of a generation. */
void listing_put(const struct listing_record *r, uint64_t generation, uint32_t i,
		 char out[LISTING_RECORD_OCTETS]);

/* Read record i. False, and *out untouched: these octets are not record i of that
 * generation. */
MUST_USE bool listing_get(const char at[LISTING_RECORD_OCTETS], uint64_t generation,
			  uint32_t i, struct listing_record *out);

/* The record (0-based) of message msg (1-based). */
uint32_t listing_number(const struct listing_map *map, uint32_t msg);

/* `count` records from `first` on are gone; they stand behind all earlier gaps. False:
 * the map has LISTING_GAPS_MAX gaps already, for which map->gaps has room. */
MUST_USE bool listing_remove(struct listing_map *map, uint32_t first, uint32_t count);

/* Write all gaps, eight octets each. */
void listing_put_gaps(const struct listing_map *map, struct buf *out);

/* Read map->gap_count gaps into map->gaps. False: these cannot be the gaps of `records`
 * records. */
MUST_USE bool listing_get_gaps(struct listing_map *map, const char *at,
			       uint32_t records);
