/* sys/file.h - opens, reads and replaces files of operators and users, without
 * following symbolic links.
 *
 * Prefix: file_.
 */
#pragma once

#include <sys/types.h>

#include "base/fault.h"

/* Open `path`, relative to the folder `dir`, with the flags of open(2), close-on-exec.
 * The call fails if the path leads out of `dir`, or through a symbolic link or a magic
 * link. -1 and errno. */
int file_open_beneath(int dir, const char *path, int flags);

/* Create a file in the same way, for reading and writing. It must not exist yet. -1 and
 * errno. */
int file_create_beneath(int dir, const char *path, mode_t mode);

/* Read all of an open regular file of at most `max` octets, from its beginning. The
 * caller frees *out, which ends with a NUL that *out_len does not count; *out is
 * written on success only. `name` is for *why. FAULT_SETUP: the file is not regular
 * (EINVAL), or larger (EFBIG). FAULT_IO, FAULT_NOMEM. */
MUST_USE enum fault file_read_all(int fd, size_t max, char **out, size_t *out_len,
				  const char *name, struct why *why);

/* Write all octets, in as many calls of write(2) as it takes. -1 and errno: some of
 * them may be written. */
int file_write_all(int fd, const void *at, size_t len);

/* Make an empty file in memory, a memfd, that can be sealed. -1 and errno. */
MUST_USE int file_memory(const char *name);

/* Seal a file of file_memory: no process can change it afterwards. -1 and errno. */
MUST_USE int file_seal(int fd);

/* Make a sealed file in memory with these contents, for another process. Returns a
 * descriptor, whose offset is the end of the file, or -1 and errno. */
MUST_USE int file_sealed(const char *name, struct span contents);

/* Is the file in memory: on a tmpfs, or a memfd? Then reading and closing it never
 * block. */
MUST_USE bool file_is_memory(int fd);

/* Is the file on a file system of this machine? Other file systems, such as NFS and
 * FUSE, may keep a reader or a writer waiting as long as somebody else likes. */
MUST_USE bool file_is_local(int fd);

/* Replace the file `name` in the open folder `dir`: write a temporary file beside it
 * and rename that, so that a reader sees the old contents or the new ones. `durable`:
 * this holds after a power failure, too, at the cost of two fsyncs. The new file gets
 * mode and owner of the old one or, if none existed, `mode` and the user of this
 * process. A symbolic link is neither replaced nor followed: then *why has ELOOP. */
MUST_USE enum fault file_replace(int dir, const char *name, struct span contents,
				 mode_t mode, bool durable, struct why *why);

/* Open the folder in which `path` lies, also through symbolic links; *out_name points
 * to the last component of path. The caller owns *out_dir. FAULT_SETUP: path ends with
 * '/', is empty or too long. FAULT_IO: the folder cannot be opened. */
MUST_USE enum fault file_open_parent(const char *path, int *out_dir,
				     const char **out_name, struct why *why);
