/* cli/importtypes.h - what an import is told, counts and shares.
 *
 * Prefix: import_.
 */
#pragma once

#include "cli/maildrop.h"
#include "cli/origin.h"

/* What an import counts, for the reports: identifier, and text for a person. */
/* clang-format off */
#define IMPORT_COUNT_TABLE(X) \
	X(messages,   "messages") \
	X(pinned,     "with the unique-id of the old server") \
	X(derived,    "not in its list, with the unique-id that it would have given") \
	X(without_id, "without a unique-id of the old server") \
	X(duplicates, "with a unique-id that another message has: made distinct") \
	X(unusable,   "with a unique-id that RFC 1939 does not allow: a hash of it instead") \
	X(conflicts,  "with another unique-id from an earlier import, which stays") \
	X(ties,       "with the same time as another: the old server had no order for them") \
	X(bad_lines,  "lines of the list that are no records") \
	X(removed,    "removed here since an earlier import") \
	X(copied,     "copied") \
	X(octets,     "octets copied")
/* clang-format on */

struct import_counts {
#define X(id, text) uint64_t id;
	IMPORT_COUNT_TABLE(X)
#undef X
};

/* What the processes of one import share. */
struct import_shared {
	_Atomic uint64_t next;                /* the user whom no process has taken */
	_Atomic uint64_t users, done, failed; /* maildrops */
	_Atomic uint64_t found, seen, octets; /* messages, and octets copied */
};

struct import {
	struct cli_maildrop maildrop;
	const struct origin_kind *kind;
	const char *from; /* the origin, with %u, %n, %d; NULL: the maildrop itself */
	const char *control; /* the folder of the list; NULL: that of the origin */
	struct uidformat format;
	bool dry_run, replace, json;
	unsigned jobs;
	struct import_shared *shared;
};
