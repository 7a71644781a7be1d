/* sys/calls.h - system calls by their names, on each architecture.
 *
 * Prefix: calls_. Younger architectures, such as arm64 and riscv64, have
 * no calls for which there is a more general one: their C libraries open by openat and
 * wait by ppoll. Where an architecture lacks a call, its successor stands for it.
 */
#pragma once

#include <stdint.h>

enum {
	CALLS_UNKNOWN = -1, /* no call of any architecture, or none to stand for it */
	CALLS_NOT_NEEDED = -2, /* the architecture does without */
};

/* The number of a call, or of its successor, on `arch` (SCMP_ARCH_* of libseccomp). */
int calls_number(uint32_t arch, const char *name);
