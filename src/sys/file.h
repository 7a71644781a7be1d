/* sys/file.h - files of operators and users, opened without being led astray.
 *
 * Prefix: file_.
 */
#pragma once

#include <sys/types.h>

#include "base/fault.h"

/* Open `path`, relative to the directory `dir`, with open(2)'s flags: never outside of
 * `dir`, never through a symbolic link or a magic link, close-on-exec. -1 and errno. */
int file_open_beneath(int dir, const char *path, int flags);

/* Make a file that is not there yet, beneath `dir` likewise, to read and write. -1 and
 * errno. */
int file_create_beneath(int dir, const char *path, mode_t mode);

/* Read all of an open regular file of at most `max` octets. *out is malloc'ed, ends
 * with a NUL that *out_len does not count, and is the caller's. */
MUST_USE enum fault file_read_all(int fd, size_t max, char **out, size_t *out_len,
				  const char *name, struct why *why);

/* Write all of it, whatever write(2) likes to take at once. -1 and errno. */
int file_write_all(int fd, const void *at, size_t len);

/* A file in memory with these contents that nobody, we included, can change any more,
 * for another process. -1 and errno. */
MUST_USE int file_sealed(const char *name, struct span contents);

/* Is it a file in memory, of tmpfs or made by memfd_create(2)? Whoever reads it, or
 * closes it, waits for nobody. */
MUST_USE bool file_is_memory(int fd);

/* Replace the contents of `name` in the open directory `dir` as a whole: a temporary
 * file beside it, rename; a reader sees the old or the new. `durable`: also after a
 * power failure, at the cost of two fsyncs. Mode and owner are the old file's, or
 * `mode` and the caller's for a new one. A symbolic link is not replaced, nor what it
 * points to: ELOOP. */
MUST_USE enum fault file_replace(int dir, const char *name, struct span contents,
				 mode_t mode, bool durable, struct why *why);

/* Open the directory that holds `path`; *out_name points to the last component, in
 * path. */
MUST_USE enum fault file_open_parent(const char *path, int *out_dir,
				     const char **out_name, struct why *why);
