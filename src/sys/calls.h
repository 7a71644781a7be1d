/* sys/calls.h - system calls by their names, on each architecture.
 *
 * Prefix: calls_. Newer architectures, such as arm64 and riscv64, lack the calls that
 * have a more general successor: their C libraries use openat for open, and ppoll for
 * poll.
 */
#pragma once

#include <stdint.h>

enum {
	CALLS_UNKNOWN = -1, /* unknown everywhere, or without a successor on `arch` */
	CALLS_NOT_NEEDED = -2, /* `arch` lacks the call, and its C library needs none */
};

/* The number of a call on `arch` (SCMP_ARCH_* of libseccomp), or of its successor if
 * `arch` lacks the call. */
int calls_number(uint32_t arch, const char *name);
