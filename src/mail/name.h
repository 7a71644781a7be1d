/* mail/name.h - parses the names of files in a Maildir.
 *
 * Prefix: name_.
 *
 * Example: "1276528487.M364837P9451.kurkku,S=1355,W=1394:2,S". The base name is
 * everything before the first ':', and never changes. It begins with the time of
 * delivery in seconds, and may hold microseconds (M), the octets on disk (S=) and the
 * octets on the wire (W=). A delivery program may have stated a wrong size.
 */
#pragma once

#include "base/span.h"
#include "mail/listing.h"

struct span name_base(struct span name);

/* Compare two names in the order of delivery: by seconds, then microseconds, then the
 * octets of the base name, so that flags do not change the order; and, if the base
 * names are equal, by the rest of the name. Returns a number below, equal to or above 0
 * if a comes before, with or after b. */
int name_order(struct span a, struct span b);

/* The time of delivery in a name; a part that is missing counts as 0. To sort many
 * names, parse each once with name_time, compare by name_time_order, and call
 * name_base_order for equal times. */
struct name_time {
	uint64_t seconds, microseconds;
};
struct name_time name_time(struct span name);
int name_time_order(struct name_time a, struct name_time b);
/* Compare two base names (name_base) with the same time: by octets; a name comes after
 * its own beginning. */
int name_base_order(struct span a, struct span b);

/* Find the field `field` (S or W) in the base name, and parse its decimal number.
 * False: there is no such field, or its value is no number. */
bool name_field(struct span name, char field, uint64_t *out);

/* The octets on the wire that the name states in W=, if they are plausible for a file
 * of `stored` octets: from `stored` to twice as many and a line end, or 0 for an empty
 * file; and S=, if present, equals `stored`. False: no W=, or not plausible. */
bool name_wire_octets(struct span name, uint64_t stored, uint64_t *out);

/* Initialize the library for hashes; call it once before name_uid. False: it failed. */
MUST_USE bool name_start(void);

/* The unique-id of a message: its base name, if RFC 1939 section 7 allows it as a
 * unique-id and it is not itself 64 lower-case hexadecimal digits; otherwise a SHA-256
 * over eight zero octets and the base name, in hexadecimal. Returns the length; no NUL
 * follows. */
size_t name_uid(struct span base, char out[LISTING_UID_MAX]);

/* Make another unique-id from the base name, for one that must not have that of
 * name_uid: a SHA-256 over n, as eight octets with the highest first, and the base
 * name, in hexadecimal. n = 0 is the hash of name_uid. Returns the length. */
size_t name_hash(struct span base, uint64_t n, char out[LISTING_UID_MAX]);

/* Make a new base name for one of several files that share `base`: `base` and a field
 * with `id`, which must differ for each of the files. The result lies in `out`, without
 * a NUL, and may be too long for a file name. */
enum { NAME_DUPLICATE_MAX = 256 + 19 };
struct span name_duplicate(struct span base, uint64_t id, char out[NAME_DUPLICATE_MAX]);
