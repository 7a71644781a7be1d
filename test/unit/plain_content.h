/* test/unit/plain_content.h - what lmtp/content does, by the plainest routine: with all
 * of the message in memory, and one step after the other. */
#pragma once

#include <stdint.h>
#include <string.h>

#include "base/ascii.h"

enum { PLAIN_CONTENT_MAX = 8192 };

struct plain_content {
	char out[PLAIN_CONTENT_MAX];
	size_t len;
	size_t taken; /* octets of the input, with the line with the dot */
	bool ended;   /* the line with the dot has come */
};

/* Take off the dots, and make CRLF LF. */
static inline void plain_unstuff(struct plain_content *p, struct span in, bool dotted)
{
	bool beginning = true;
	size_t i = 0;

	while (i < in.len) {
		const struct span rest = span_after(in, i);

		if (dotted && beginning && rest.at[0] == '.') {
			p->ended = span_starts(rest, ".\r\n");
			i += p->ended ? 3 : 1;
			if (p->ended)
				break;
			beginning = false;
			continue;
		}
		beginning = span_starts(rest, "\r\n");
		p->out[p->len++] = beginning ? '\n' : rest.at[0];
		i += beginning ? 2 : 1;
	}
	p->taken = i;
}

/* Is this the first line of a Return-Path field, with no more than 21 spaces before its
 * colon? */
static inline bool plain_is_return_path(struct span line)
{
	size_t at = sizeof "Return-Path" - 1;

	if (!span_starts_nocase(line, "Return-Path"))
		return false;
	while (at < line.len && at < 32 && (line.at[at] == ' ' || line.at[at] == '\t'))
		at++;
	return at < line.len && line.at[at] == ':';
}

/* Take the fields off the header. */
static inline void plain_strip(struct plain_content *p)
{
	struct span rest = { p->out, p->len };
	bool dropping = false;
	size_t len = 0;

	while (rest.len > 0 && rest.at[0] != '\n') {
		const char *lf = memchr(rest.at, '\n', rest.len);
		const struct span line = { rest.at,
					   lf ? (size_t)(lf - rest.at) + 1 : rest.len };

		if (line.at[0] != ' ' && line.at[0] != '\t')
			dropping = plain_is_return_path(line);
		rest = span_after(rest, line.len);
		if (!dropping) {
			memmove(p->out + len, line.at, line.len);
			len += line.len;
		}
	}
	memmove(p->out + len, rest.at, rest.len);
	p->len = len + rest.len;
}

/* `in` has at most PLAIN_CONTENT_MAX octets. */
static inline void plain_content(struct plain_content *p, struct span in, bool dotted)
{
	p->len = 0;
	p->ended = false;
	plain_unstuff(p, in, dotted);
	plain_strip(p);
}
