/* store/indexhead.h - what the reader and the writer of an index share.
 *
 * Prefix: index_.
 */
#pragma once

#include <sys/stat.h>

#include "store/index.h"

#define INDEX_MAGIC UINT64_C(0x7865646e69706f50) /* "Popindex" */

/* Raise this by one whenever the meaning of the file changes: also when Poplar makes
 * unique-ids, orders messages or counts octets in another way. */
enum { INDEX_VERSION = 6 };

/* The sum of a head's page, without its last eight octets, where the sum is stored. */
uint64_t index_head_sum(const char page[LISTING_HEAD_OCTETS]);

/* Lock the file: LOCK_SH or LOCK_EX. Others hold the lock for as long as it takes to
 * write some records, so waiting ends after a while: then the call returns false.
 * LOCK_NB: do not wait at all. */
bool index_lock(int fd, int how);

/* Open the index of the folder `dir`, if it is a regular file of this process's user
 * with one name only; *out is its stat. -1 and errno. */
int index_open_file(int dir, int flags, struct stat *out);
