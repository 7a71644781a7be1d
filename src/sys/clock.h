/* sys/clock.h - what time it is.
 *
 * Prefix: clock_.
 */
#pragma once

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_read(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Milliseconds since some moment in the past; only goes forward. */
static inline uint64_t clock_ms(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

/* A time of clock_ms as a wait on the monotonic clock takes it. */
static inline struct timespec clock_timespec(uint64_t ms)
{
	return (struct timespec){ (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };
}

/* Milliseconds since 1970, as the machine is told. */
static inline uint64_t clock_wall_ms(void)
{
	return clock_read(CLOCK_REALTIME);
}
