/* base/span.h - a borrowed run of octets.
 *
 * Prefix: span_.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_USE __attribute__((warn_unused_result))

/* Not terminated; may hold any octet. `at` may be NULL only when len is 0. */
struct span {
	const char *at;
	size_t len;
};

/* A span over a string literal. */
#define SPAN(literal) ((struct span){ "" literal, sizeof(literal) - 1 })

static inline struct span span_of(const char *text)
{
	return (struct span){ text, strlen(text) };
}

/* The part of s behind its first n octets; n must not exceed s.len. */
static inline struct span span_after(struct span s, size_t n)
{
	return (struct span){ s.at + n, s.len - n };
}

bool span_is(struct span s, const char *text);
bool span_is_nocase(struct span s, const char *text); /* ASCII letters only */
bool span_same_nocase(struct span a, struct span b);  /* the same */
bool span_starts(struct span s, const char *text);
bool span_starts_nocase(struct span s, const char *text);

/* Does any of the octets of `set` (a C string), or a NUL, occur in s? */
bool span_has_any(struct span s, const char *set);

/* Cut *io_rest at the first `sep`: *out_head becomes the part before it, *io_rest the
 * part behind it. False: there is no sep; *out_head becomes all of *io_rest, and
 * *io_rest is empty. */
bool span_cut(struct span *io_rest, char sep, struct span *out_head);

/* Parse a number: one or more decimal digits, without a sign; leading zeros are allowed
 * (RFC 2449 section 3). False: another octet, or overflow; *out is unchanged. */
MUST_USE bool span_u32(struct span s, uint32_t *out);
MUST_USE bool span_u64(struct span s, uint64_t *out);

/* Copy s into `room` octets at `out` and end it with a NUL. False, and an empty
 * string, when it does not fit or holds a NUL itself. */
MUST_USE bool span_copy(struct span s, char *out, size_t room);
