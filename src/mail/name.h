/* mail/name.h - what the name of a file in a Maildir says.
 *
 * Prefix: name_.
 *
 * "1276528487.M364837P9451.kurkku,S=1355,W=1394:2,S": the base name is what stands
 * before the first ':' and never changes; it opens with the seconds of delivery, may
 * carry microseconds (M), the octets on disk (S=) and on the wire (W=), neither of
 * which is so for sure.
 */
#pragma once

#include "base/span.h"
#include "mail/listing.h"

struct span name_base(struct span name);

/* Place in delivery order: seconds, then microseconds, then the base name, octet by
 * octet, so that flags never move a message; the rest of the name tells duplicates
 * apart. Returns less than, equal to or greater than 0 as a comes before, with or after
 * b. */
int name_order(struct span a, struct span b);

/* What mostly decides it, so that sorting need not read names over and over. */
struct name_time {
	uint64_t seconds, microseconds;
};
struct name_time name_time(struct span name);
int name_time_order(struct name_time a, struct name_time b);
int name_base_order(struct span a, struct span b); /* of base names of one time */

/* The S= and W= fields: a decimal number followed by ',', ':' or the end. False when
 * the field is not there or is not such a number. */
bool name_field(struct span name, char field, uint64_t *out);

/* Can a file of `stored` octets with this name have *out octets on the wire, as the
 * name tells? True where W= is there, within what `stored` allows (an octet becomes two
 * at the most, and a line end may be added), and S=, if there, is right. */
bool name_wire_octets(struct span name, uint64_t stored, uint64_t *out);

/* Must have succeeded once before name_uid. */
MUST_USE bool name_start(void);

/* The unique-id of a message: its base name where RFC 1939 section 7 allows that as
 * one and it does not look like a hash, otherwise the SHA-256 of it in hexadecimal.
 * Returns the length. */
size_t name_uid(struct span base, char out[LISTING_UID_MAX]);

/* A base name of its own for one of several files that share one: `id` tells them
 * apart. It may be too long for a file. */
enum { NAME_DUPLICATE_MAX = 256 + 19 };
struct span name_duplicate(struct span base, uint64_t id, char out[NAME_DUPLICATE_MAX]);
