/* sys/landlock.h - the kernel's Landlock, by its three system calls.
 *
 * Prefix: landlock_. Constants are those of the kernel's interface,
 * given here because headers older than the running kernel lack the later ones.
 */
#pragma once

#include "base/fault.h"

/* Rights of linux/landlock.h, by the version that brought them. */
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

/* 0: this kernel has none, or it is turned off. */
int landlock_abi(void);

/* May a process behind it move files from one folder to another? Version 1 (Linux 5.13
 * to 5.18) refuses that without any right that could be given. */
bool landlock_moves(int abi);

/* Forbid this process all of the file system but `rights` beneath `dir` (-1: nothing),
 * new TCP ports and (unless it `connects`) connections, signals to and abstract sockets
 * of the outside, as far as the version `abi` can. no_new_privs must be set. */
MUST_USE enum fault landlock_restrict(int abi, int dir, unsigned rights, bool connects,
				      struct why *why);

/* The names of the rights that version `abi` knows, "read-file,read-dir". */
void landlock_text(int abi, unsigned rights, char *out, size_t room);
