/* store/indexhead.h - what reading and writing an index share.
 *
 * Prefix: index_.
 */
#pragma once

#include <sys/stat.h>

#include "store/index.h"

#define INDEX_MAGIC UINT64_C(0x7865646e69706f50) /* "Popindex" */

/* One more whenever what stands in the file changes its meaning: also when unique-ids,
 * delivery order or the counting of octets do. */
enum { INDEX_VERSION = 4 };

uint64_t index_head_sum(const char page[LISTING_HEAD_OCTETS]);

/* Open the file under the index's name, if it is one that we can have written. -1 and
 * errno. */
int index_open_file(int dir, int flags, struct stat *out);
