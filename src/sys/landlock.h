/* sys/landlock.h - calls the kernel's Landlock.
 *
 * Prefix: landlock_. Poplar defines the constants of the kernel's interface itself,
 * because the kernel's headers may be older than the running kernel.
 */
#pragma once

#include "base/fault.h"

/* The rights of linux/landlock.h: name, bit, and the version of Landlock that brought
 * the right. */
/* clang-format off */
#define LANDLOCK_RIGHT_TABLE(X) \
	X(EXECUTE, 0, 1) X(WRITE_FILE, 1, 1) X(READ_FILE, 2, 1) X(READ_DIR, 3, 1) \
	X(REMOVE_DIR, 4, 1) X(REMOVE_FILE, 5, 1) X(MAKE_CHAR, 6, 1) X(MAKE_DIR, 7, 1) \
	X(MAKE_REG, 8, 1) X(MAKE_SOCK, 9, 1) X(MAKE_FIFO, 10, 1) X(MAKE_BLOCK, 11, 1) \
	X(MAKE_SYM, 12, 1) X(REFER, 13, 2) X(TRUNCATE, 14, 3) X(IOCTL_DEV, 15, 5)
/* clang-format on */

enum landlock_right {
#define X(id, bit, abi) LANDLOCK_RIGHT_##id = 1u << bit,
	LANDLOCK_RIGHT_TABLE(X)
#undef X
};

/* The kernel's Landlock version; 0: it has none, or it is turned off. */
int landlock_abi(void);

/* Can a restricted process be allowed to move files from one folder to another? Version
 * 1 (Linux 5.13 to 5.18) has no such right, and always refuses. */
bool landlock_moves(int abi);

/* Restrict this process as far as version `abi` can. In the file system it keeps only
 * `rights` beneath the folder `dir` (-1: none). It may not bind TCP ports, nor connect
 * to them unless `connects` is set. It may not signal processes outside its sandbox,
 * nor connect to their abstract sockets. The caller has set no_new_privs. */
MUST_USE enum fault landlock_restrict(int abi, int dir, unsigned rights, bool connects,
				      struct why *why);

/* The names of the rights that version `abi` knows, "read-file,read-dir". */
void landlock_text(int abi, unsigned rights, char *out, size_t room);
