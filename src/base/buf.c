/* base/buf.c - append octets to a block of memory of fixed size.
 *
 * Prefix: buf_.
 */
#include "base/buf.h"

void buf_put(struct buf *b, struct span s)
{
	if (s.len > buf_left(b)) {
		b->cut = true;
		return;
	}
	if (s.len > 0)
		memcpy(b->at + b->len, s.at, s.len);
	b->len += s.len;
}

void buf_text(struct buf *b, const char *text)
{
	buf_put(b, span_of(text));
}

void buf_char(struct buf *b, char c)
{
	buf_put(b, (struct span){ &c, 1 });
}

void buf_u64(struct buf *b, uint64_t n)
{
	char digits[20];
	size_t i = sizeof digits;

	do
		digits[--i] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	buf_put(b, (struct span){ digits + i, sizeof digits - i });
}

void buf_hex(struct buf *b, const void *at, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *octets = at;

	for (size_t i = 0; i < len; i++) {
		buf_char(b, digits[octets[i] >> 4]);
		buf_char(b, digits[octets[i] & 15]);
	}
}

const char *buf_cstr(struct buf *b)
{
	if (b->len == b->room) {
		b->len--;
		b->cut = true;
	}
	b->at[b->len] = '\0';
	return b->at;
}
