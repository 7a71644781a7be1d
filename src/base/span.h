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

/* The octets may have any value; no NUL follows them. `at` may be NULL only if len is
 * 0. */
struct span {
	const char *at;
	size_t len;
};

/* The octets of a string literal, without its NUL. */
#define SPAN(literal) ((struct span){ "" literal, sizeof(literal) - 1 })

static inline struct span span_of(const char *text)
{
	return (struct span){ text, strlen(text) };
}

/* s without its first n octets; n must not exceed s.len. */
static inline struct span span_after(struct span s, size_t n)
{
	return (struct span){ s.at + n, s.len - n };
}

/* Are both equal, or does s start with `text`? "nocase" ignores the case of ASCII
 * letters. */
bool span_is(struct span s, const char *text);
bool span_is_nocase(struct span s, const char *text);
bool span_same_nocase(struct span a, struct span b);
bool span_starts(struct span s, const char *text);
bool span_starts_nocase(struct span s, const char *text);

/* Does s hold a NUL, or any octet of the C string `set`? */
bool span_has_any(struct span s, const char *set);

/* Cut *io_rest at the first `sep`: *out_head becomes the part before it, *io_rest the
 * part behind it. False: there is no sep; *out_head becomes all of *io_rest, and
 * *io_rest is empty. */
bool span_cut(struct span *io_rest, char sep, struct span *out_head);

/* Parse a number: one or more decimal digits, without a sign; leading zeros are allowed
 * (RFC 2449 section 3). False: another octet, or overflow; *out is unchanged. */
MUST_USE bool span_u32(struct span s, uint32_t *out);
MUST_USE bool span_u64(struct span s, uint64_t *out);

/* Copy s to `out`, which has `room` octets, and put a NUL behind it. False, and an
 * empty string at `out`: s does not fit with its NUL, or holds a NUL. */
MUST_USE bool span_copy(struct span s, char *out, size_t room);
