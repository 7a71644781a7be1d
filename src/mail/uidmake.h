/* mail/uidmake.h - makes unique-ids by a uidl-format.
 *
 * Prefix: uidmake. base/uidformat.h has the formats.
 */
#pragma once

#include "base/buf.h"
#include "base/uidformat.h"

/* The values of the variables. */
struct uidmake_values {
	uint32_t uid, validity;
	struct span filename, guid, md5;
};

/* Append the unique-id that the format makes of the values; RFC 1939 may not allow it.
 */
void uidmake(const struct uidformat *f, const struct uidmake_values *v,
	     struct buf *out);
