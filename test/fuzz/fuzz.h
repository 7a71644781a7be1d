/* test/fuzz/fuzz.h - what every fuzz target includes. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise that must hold whatever the input. */
#define PROMISE(claim)                                                                 \
	do {                                                                           \
		if (!(claim)) {                                                        \
			fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__,       \
				__LINE__, #claim);                                     \
			abort();                                                       \
		}                                                                      \
	} while (0)

/* The next octet of the input as a choice; 0 at its end. */
static inline uint8_t fuzz_take(struct span *io)
{
	uint8_t c = io->len ? (uint8_t)io->at[0] : 0;

	if (io->len > 0)
		*io = span_after(*io, 1);
	return c;
}
