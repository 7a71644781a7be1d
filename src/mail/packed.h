/* mail/packed.h - recognize compressed files.
 *
 * Prefix: packed_.
 */
#pragma once

#include "base/span.h"

/* The octets that packed_by needs from the beginning of the file. */
enum { PACKED_MAGIC_MAX = 15 };

/* The format of a compressed file, by its first octets: one of those that Dovecot's
 * zlib plugin writes (gzip, bzip2, xz, zstd, lz4). No message begins like that, because
 * each magic has an octet that a header field may not have. NULL: not compressed. */
const char *packed_by(struct span start);
