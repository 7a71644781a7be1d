/* sys/clock.h - time that only goes forward.
 *
 * Floor 1 (sys). Prefix: clock_.
 */
#pragma once

#include <stdint.h>
#include <time.h>

/* Milliseconds since some moment in the past. */
static inline uint64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
