/* sys/file.h - opens and replaces files of operators and users without following links.
 *
 * Prefix: file_.
 */
#pragma once

#include <sys/types.h>

#include "base/fault.h"

/* Open `path`, relative to the directory `dir`, with open(2)'s flags: never outside of
 * `dir`, never through a symbolic link or a magic link, close-on-exec. -1 and errno. */
int file_open_beneath(int dir, const char *path, int flags);

/* Create a file, beneath `dir` likewise, for reading and writing. It must not exist
 * yet. -1 and errno. */
int file_create_beneath(int dir, const char *path, mode_t mode);

/* Read all of an open regular file of at most `max` octets. The caller frees *out,
 * which ends with a NUL that *out_len does not count. */
MUST_USE enum fault file_read_all(int fd, size_t max, char **out, size_t *out_len,
				  const char *name, struct why *why);

/* Write all octets, in as many calls of write(2) as it takes. -1 and errno. */
int file_write_all(int fd, const void *at, size_t len);

/* Make a file in memory with these contents, for another process. No process can change
 * it afterwards, this one included. -1 and errno. */
MUST_USE int file_sealed(const char *name, struct span contents);

/* Is the file in memory: on a tmpfs, or made by memfd_create(2)? Then reading and
 * closing never wait. */
MUST_USE bool file_is_memory(int fd);

/* Replace the file `name` in the open directory `dir` by writing a temporary file
 * beside it and renaming that: a reader sees the old contents or the new ones.
 * `durable`: that holds after a power failure, too, at the cost of two fsyncs. The new
 * file has the old one's mode and owner, or `mode` and this process as owner if there
 * was none. A symbolic link is neither replaced nor followed: the fault has ELOOP. */
MUST_USE enum fault file_replace(int dir, const char *name, struct span contents,
				 mode_t mode, bool durable, struct why *why);

/* Open the directory that holds `path`; *out_name points to the last component, in
 * path. */
MUST_USE enum fault file_open_parent(const char *path, int *out_dir,
				     const char **out_name, struct why *why);
