/* test/unit/memory.h - memory that runs out, for tests that are linked with
 * --wrap=malloc and --wrap=calloc. */
#pragma once

#include <stdatomic.h>
#include <stddef.h>

enum { MEMORY_ENOUGH = -1 };

/* So many allocations succeed from here on. */
static atomic_int memory_left = MEMORY_ENOUGH;

static inline int memory_has_run_out(void)
{
	int left = atomic_load(&memory_left);

	while (left > 0)
		if (atomic_compare_exchange_weak(&memory_left, &left, left - 1))
			break;
	return left == 0;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	return memory_has_run_out() ? NULL : __real_malloc(size);
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
	return memory_has_run_out() ? NULL : __real_calloc(count, size);
}
