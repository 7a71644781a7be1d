/* mail/packed.h - files that a program has compressed.
 *
 * Prefix: packed_.
 */
#pragma once

#include "base/span.h"

/* Octets that packed_by needs to see. */
enum { PACKED_MAGIC_MAX = 15 };

/* The format that a file is compressed in, by the octets that it opens with, as those
 * who compress Maildirs write it (Dovecot's zlib plugin: gzip, bzip2, xz, zstd, lz4).
 * No message opens with them: each has an octet that no header field may have. NULL:
 * none. */
const char *packed_by(struct span start);
