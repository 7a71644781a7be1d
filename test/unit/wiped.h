/* test/unit/wiped.h - what code overwrites because it was a secret, for tests that are
 * linked with --wrap=explicit_bzero and --wrap=__explicit_bzero_chk. */
#pragma once

#include "check.h"

static char wiped[1 << 20];
static size_t wiped_len;

static inline void wiped_note(const void *at, size_t len)
{
	assert_true(len <= sizeof wiped - wiped_len);
	memcpy(wiped + wiped_len, at, len);
	wiped_len += len;
}

void __real_explicit_bzero(void *at, size_t len);
void __wrap_explicit_bzero(void *at, size_t len);
void __wrap_explicit_bzero(void *at, size_t len)
{
	wiped_note(at, len);
	__real_explicit_bzero(at, len);
}

/* The same, where the compiler knows how much room there is. */
void __wrap___explicit_bzero_chk(void *at, size_t len, size_t room);
void __wrap___explicit_bzero_chk(void *at, size_t len, size_t room)
{
	assert_true(len <= room);
	wiped_note(at, len);
	__real_explicit_bzero(at, len);
}

static inline void wiped_begin(void)
{
	wiped_len = 0;
}

/* How often they occur in what has been wiped since wiped_begin(). */
static inline unsigned octets_wiped(const void *octets, size_t len)
{
	const char *at = wiped, *const end = wiped + wiped_len;
	unsigned times = 0;

	while ((at = memmem(at, (size_t)(end - at), octets, len))) {
		times++;
		at += len;
	}
	return times;
}

static inline unsigned times_wiped(const char *text)
{
	return octets_wiped(text, strlen(text));
}
