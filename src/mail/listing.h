/* mail/listing.h - a listing: the file of records that the store writes and the front
 * reads.
 *
 * Prefix: listing_.
 *
 * The file begins with a page for the store (LISTING_HEAD_OCTETS). Groups follow:
 * LISTING_GROUP records, then the store's names of the same messages. So LIST and UIDL
 * read no names, and a record and its name are close together. A reader trusts no
 * record: listing_get checks every field, and a sum over all fields.
 */
#pragma once

#include "base/buf.h"

enum {
	LISTING_UID_MAX = 70, /* RFC 1939 section 7: 1 to 70 octets of 0x21 to 0x7E */
	LISTING_HEAD_OCTETS = 4096,
	LISTING_RECORD_OCTETS = 128,
	LISTING_NAME_OCTETS = 256,
	LISTING_GROUP = 128,
	LISTING_GAPS_MAX = 480, /* as many as fit into the index and into READY */
};

struct listing_record {
	uint64_t octets;    /* on the wire, as LIST and RETR count them */
	uint8_t form;       /* enum wire_form */
	uint8_t surrogate;  /* enum surrogate: for clients without UTF8 */
	int32_t difference; /* octets of the surrogate message minus `octets`; 0: it has
			       none */
	uint8_t uid_len;
	char uid[LISTING_UID_MAX];

	/* the store's own */
	uint64_t file;     /* identity of the message's file: see scan_identity */
	uint64_t stored;   /* octets in the file */
	uint64_t modified; /* time of modification of the file, in ns */
	uint64_t name_sum; /* listing_sum of the name */
	uint16_t name_len; /* 1 to LISTING_NAME_OCTETS */
	uint8_t flags;     /* the store defines their meaning */
};

/* A run of records from `first` on whose messages are gone. */
struct listing_gap {
	uint32_t first;
	uint32_t removed; /* how many records are gone in this gap and all earlier ones
			   */
};

/* Which record belongs to which message: message k is the k-th record outside all gaps.
 * The sum of a record covers the generation and the record's number, so listing_get
 * refuses a record of an earlier generation. */
struct listing_map {
	uint64_t generation;
	uint32_t gap_count;
	struct listing_gap *gaps; /* in ascending order */
};

/* The offset in the file of the group of record i (0-based), of the record, and of its
 * name. */
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

/* The smallest size of a file with `count` records, in octets. */
static inline uint64_t listing_end(uint32_t count)
{
	return count == 0 ? LISTING_HEAD_OCTETS
			  : listing_name_at(count - 1) + LISTING_NAME_OCTETS;
}

static inline struct span listing_uid(const struct listing_record *r)
{
	return (struct span){ r->uid, r->uid_len };
}

/* Octets on the wire, for clients with UTF8 and for clients without. */
static inline uint64_t listing_octets(const struct listing_record *r, bool utf8)
{
	return utf8 ? r->octets : r->octets + (uint64_t)(int64_t)r->difference;
}

/* Is this a unique-id that RFC 1939 section 7 allows? */
bool listing_uid_ok(struct span uid);

/* A checksum against accidents, not against attackers: a process that can write the
 * file can also compute the sum. */
uint64_t listing_sum(struct span s, uint64_t seed);

/* Write record i of a generation. */
void listing_put(const struct listing_record *r, uint64_t generation, uint32_t i,
		 char out[LISTING_RECORD_OCTETS]);

/* Read record i. False, and *out untouched: these octets are not record i of that
 * generation. */
MUST_USE bool listing_get(const char at[LISTING_RECORD_OCTETS], uint64_t generation,
			  uint32_t i, struct listing_record *out);

/* The record (0-based) of message msg (1-based), which the listing must have. */
uint32_t listing_number(const struct listing_map *map, uint32_t msg);

/* Add a gap: `count` records from `first` on, behind all earlier gaps. The caller
 * provides room for LISTING_GAPS_MAX gaps at map->gaps. False: all of them are used. */
MUST_USE bool listing_remove(struct listing_map *map, uint32_t first, uint32_t count);

/* Write all gaps, eight octets each. out->cut: they do not fit. */
void listing_put_gaps(const struct listing_map *map, struct buf *out);

/* Read map->gap_count gaps from `at` into map->gaps. False: they are not in ascending
 * order, or do not lie within `records` records. */
MUST_USE bool listing_get_gaps(struct listing_map *map, const char *at,
			       uint32_t records);
