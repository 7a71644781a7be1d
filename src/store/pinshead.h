/* store/pinshead.h - the layout of the register, for its reader and its writer.
 *
 * Prefix: PINS_. doc/STORE.md describes the file. Numbers are little-endian.
 */
#pragma once

#include <endian.h>

#include "store/pins.h"

#define PINS_MAGIC UINT64_C(0x736469756c706f50) /* "Popluids" */

enum { PINS_VERSION = 1 };

/* The head. */
enum {
	PINS_AT_MAGIC = 0,
	PINS_AT_VERSION = 8,
	PINS_AT_GENERATION = 16,
	PINS_AT_VALIDITY = 24,
	PINS_AT_NEXT = 32,
	PINS_AT_DURABLE = 40, /* octets of the file that are on disk */
	PINS_AT_HEAD_SUM = 56,
	PINS_HEAD_OCTETS = 64,
};

/* A record. Its sum covers all behind the sum; the text is the unique-id and the key,
 * and is padded with zeros. */
enum {
	PINS_AT_SUM = 0,
	PINS_AT_PLACE = 8,
	PINS_AT_NUMBER = 16, /* four octets */
	PINS_AT_KIND = 20,
	PINS_AT_UID_LEN = 21,
	PINS_AT_KEY_LEN = 22, /* two octets */
	PINS_AT_TEXT = 24,
	PINS_RECORD_MOST = PINS_AT_TEXT + (LISTING_UID_MAX + PINS_KEY_MAX + 7) / 8 * 8,
};

enum pins_record_kind {
	PINS_LIVE,
	PINS_USED, /* the message once had this unique-id */
	PINS_KINDS,
};

/* The octets of a record with a text of `len` octets. */
static inline size_t pins_record_octets(size_t len)
{
	return PINS_AT_TEXT + (len + 7) / 8 * 8;
}

static inline uint64_t pins_get(const char *at)
{
	uint64_t n;

	memcpy(&n, at, sizeof n);
	return le64toh(n);
}

static inline void pins_put(char *at, uint64_t n)
{
	n = htole64(n);
	memcpy(at, &n, sizeof n);
}

static inline uint64_t pins_head_sum(const char head[PINS_HEAD_OCTETS])
{
	return listing_sum((struct span){ head, PINS_AT_HEAD_SUM }, PINS_MAGIC);
}

/* The sum of record i (0-based), which has `octets` octets: a record of another
 * generation, or in the place of another one, does not count. */
static inline uint64_t pins_record_sum(const char *record, size_t octets,
				       uint64_t generation, uint32_t i)
{
	const struct span rest = { record + PINS_AT_PLACE, octets - PINS_AT_PLACE };

	return listing_sum(rest, generation + i);
}

/* Fill both hash tables anew, from all entries. */
void pins_index(struct pins *p);
