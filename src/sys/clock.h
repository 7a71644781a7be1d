/* sys/clock.h - reads the clocks, and waits until a time.
 *
 * Prefix: clock_. Times and waits are in milliseconds.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

static inline uint64_t clock_read(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Milliseconds of the monotonic clock: since the boot, never set back. */
static inline uint64_t clock_ms(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

/* Convert a time of clock_ms() to a timespec of the monotonic clock. */
static inline struct timespec clock_timespec(uint64_t ms)
{
	return (struct timespec){ (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };
}

/* Initialize a condition variable for clock_cond_wait. */
static inline void clock_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

/* Wait until the condition is signalled (or spuriously, as pthread_cond_wait) or until
 * clock_ms() is `end_ms`. False: that time has come. */
static inline bool clock_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex,
				   uint64_t end_ms)
{
	const struct timespec end = clock_timespec(end_ms);

	return pthread_cond_timedwait(cond, mutex, &end) == 0;
}

/* Sleep for so long. The call waits on a futex, which every sandbox allows, while few
 * sandboxes allow nanosleep. */
static inline void clock_pause(unsigned ms)
{
	const uint64_t end_ms = clock_ms() + ms;
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t never;

	clock_cond_init(&never);
	pthread_mutex_lock(&mutex);
	while (clock_cond_wait(&never, &mutex, end_ms))
		;
	pthread_mutex_unlock(&mutex);
}

/* Milliseconds since 1970 by the clock of the machine, which may be set. */
static inline uint64_t clock_wall_ms(void)
{
	return clock_read(CLOCK_REALTIME);
}
