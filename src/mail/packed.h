/* mail/packed.h - recognizes compressed files.
 *
 * Prefix: packed_.
 */
#pragma once

#include "base/span.h"

/* How many octets of the beginning of a file packed_by needs. */
enum { PACKED_MAGIC_MAX = 15 };

/* The name of the format in which a file with this beginning is compressed: "gzip",
 * "bzip2", "xz", "zstd" or "lz4", which Dovecot's zlib plugin writes. No message begins
 * like one of them, because each magic has an octet that is not allowed in a header
 * field. NULL: the file is not compressed. */
const char *packed_by(struct span start);
