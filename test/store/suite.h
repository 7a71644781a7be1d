/* test/store/suite.h - tries promises with each kind of store. */
#pragma once

#include "box.h"

enum { SUITE_MAX = 64 };

/* Run each of these tests with each kind, whose row in kinds.h is its *state. */
static inline int suite_run(const struct CMUnitTest *promises, size_t count)
{
	static struct CMUnitTest tests[KINDS * SUITE_MAX];
	static char names[KINDS * SUITE_MAX][128];

	if (!store_start() || count > SUITE_MAX)
		return 1;
	for (size_t i = 0; i < KINDS * count; i++) {
		const struct kind *kind = &kinds[i / count];

		tests[i] = promises[i % count];
		snprintf(names[i], sizeof names[i], "%s: %s", kind_name(kind),
			 tests[i].name);
		tests[i].name = names[i];
		tests[i].initial_state = (void *)(uintptr_t)kind;
	}
	return _cmocka_run_group_tests("tests", tests, KINDS * count, NULL, NULL);
}
