/* mail/listing.h - the records of a listing: what the store writes and the front reads.
 *
 * Floor 1 (mail): does no I/O. Prefix: listing_. Message k (1-based) is the record at
 * octet (k - 1) * LISTING_RECORD_OCTETS of the listing's file. To its reader a record
 * is input like any other: listing_get checks every field.
 */
#pragma once

#include "base/span.h"

enum {
	LISTING_UID_MAX = 70, /* RFC 1939 section 7: 1 to 70 octets of 0x21 to 0x7E */
	LISTING_RECORD_OCTETS = 80, /* u64 octets, u8 form, u8 uid length, uid, zeros */
};

struct listing_record {
	uint64_t octets; /* on the wire, as LIST and RETR count them */
	uint8_t form;    /* enum wire_form */
	uint8_t uid_len;
	char uid[LISTING_UID_MAX];
};

/* Where record i (0-based) stands in a run of them. */
static inline size_t listing_at(uint32_t i)
{
	return (size_t)i * LISTING_RECORD_OCTETS;
}

static inline struct span listing_uid(const struct listing_record *r)
{
	return (struct span){ r->uid, r->uid_len };
}

/* Is this a unique-id that RFC 1939 section 7 allows? */
bool listing_uid_ok(struct span uid);

void listing_put(const struct listing_record *r, char out[LISTING_RECORD_OCTETS]);

/* False, and *out untouched, when the record is not one. */
MUST_USE bool listing_get(const char at[LISTING_RECORD_OCTETS],
			  struct listing_record *out);
