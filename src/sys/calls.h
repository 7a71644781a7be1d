/* sys/calls.h - finds the numbers of system calls by name, on each architecture.
 *
 * Prefix: calls_. Newer architectures, such as arm64 and riscv64, lack calls that have
 * a more general successor: there the C library uses openat for open, and ppoll for
 * poll.
 */
#pragma once

#include <stdint.h>

enum {
	CALLS_UNKNOWN = -1, /* the name is unknown, or `arch` lacks the call and has no
			       successor */
	CALLS_NOT_NEEDED = -2, /* `arch` lacks it, and its C library needs none */
};

/* The number of a call on `arch` (SCMP_ARCH_* of libseccomp), or of its successor if
 * `arch` lacks the call. */
int calls_number(uint32_t arch, const char *name);
