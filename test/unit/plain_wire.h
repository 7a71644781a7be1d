/* test/unit/plain_wire.h - what a message looks like on the wire, written for plainness
 * alone: the reference that the encoder is held against.
 */
#pragma once

#include <string.h>

#include "base/span.h"

enum { PLAIN_ROOM = 1 << 16 };

/* The plain reference: octet by octet, straight from RFC 1939. */
struct plain {
	char out[PLAIN_ROOM];
	size_t len;
	uint64_t octets;
};

static inline void plain_line(struct plain *p, const char *at, size_t len)
{
	if (len > 0 && at[0] == '.')
		p->out[p->len++] = '.';
	memcpy(p->out + p->len, at, len);
	p->len += len;
	memcpy(p->out + p->len, "\r\n", 2);
	p->len += 2;
	p->octets += len + 2;
}

/* lines < 0: RETR. */
static inline void plain_encode(struct plain *p, struct span in, int64_t lines)
{
	bool body = false;
	size_t at = 0;

	p->len = 0;
	p->octets = 0;
	while (at < in.len && !(body && lines == 0)) {
		const char *start = in.at + at;
		size_t len = 0;

		while (at + len < in.len && start[len] != '\n')
			len++;
		at += len + 1;
		if (at <= in.len && len > 0 && start[len - 1] == '\r')
			len--;
		plain_line(p, start, len);
		if (body && lines > 0)
			lines--;
		if (len == 0)
			body = true;
	}
	memcpy(p->out + p->len, ".\r\n", 3);
	p->len += 3;
}
