/* test/unit/check.h - what every unit test includes first. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"

#define CHECK(claim)        assert_true(claim)
#define CHECK_SPAN(s, text) check_span((s), (text), __FILE__, __LINE__)
#define CHECK_TEXT(a, b)    assert_string_equal(a, b)
#define CHECK_EQ(a, b)      assert_int_equal((uint64_t)(a), (uint64_t)(b))

#define TEST(function) cmocka_unit_test(function)
#define RUN(tests)     cmocka_run_group_tests(tests, NULL, NULL)

static inline void check_span(struct span s, const char *text, const char *file,
			      int line)
{
	if (!span_is(s, text))
		fail_msg("%s:%d: \"%.*s\" is not \"%s\"", file, line, (int)s.len, s.at,
			 text);
}

/* A small generator of its own, so that a failure can be repeated on any machine. */
static inline uint32_t check_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}
