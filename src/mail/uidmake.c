/* mail/uidmake.c - makes unique-ids by a uidl-format.
 *
 * Prefix: uidmake.
 */
#include "mail/uidmake.h"

#include <md5.h>

#include "base/ascii.h"

/* The longest value of a variable, in octets: a base name, or digits. */
enum { VALUE_MAX = 256 };

static void put_value(const struct uidmake_values *v, enum uidformat_variable what,
		      struct buf *out)
{
	switch (what) {
	case UIDFORMAT_UID:
		buf_u64(out, v->uid);
		break;
	case UIDFORMAT_VALIDITY:
		buf_u64(out, v->validity);
		break;
	case UIDFORMAT_FILENAME:
		buf_put(out, v->filename);
		break;
	case UIDFORMAT_GUID:
		buf_put(out, v->guid);
		break;
	default:
		buf_put(out, v->md5);
		break;
	}
}

/* As strtoull and "%x" in Dovecot: digits at the beginning count. */
static void make_hex(struct buf *io)
{
	uint64_t n = 0;
	char digits[16];
	size_t len = 0;

	for (size_t i = 0; i < io->len && ascii_is_digit(io->at[i]); i++)
		n = n * 10 + (uint64_t)(io->at[i] - '0');
	do {
		digits[len++] = "0123456789abcdef"[n & 15];
		n >>= 4;
	} while (n > 0);
	io->len = 0;
	while (len > 0)
		buf_char(io, digits[--len]);
}

static void make_sum(struct buf *io)
{
	unsigned char sum[MD5_DIGEST_LENGTH];
	MD5_CTX md5;

	MD5Init(&md5);
	MD5Update(&md5, (const unsigned char *)io->at, io->len);
	MD5Final(sum, &md5);
	io->len = 0;
	buf_hex(io, sum, sizeof sum);
}

static void change_case(struct buf *io, char first, char last)
{
	for (size_t i = 0; i < io->len; i++)
		if (io->at[i] >= first && io->at[i] <= last)
			io->at[i] ^= 0x20;
}

/* Pad with zeros in front. */
static void pad(struct buf *io, size_t width)
{
	if (io->len >= width || width > io->room)
		return;
	const size_t more = width - io->len;
	memmove(io->at + more, io->at, io->len);
	memset(io->at, '0', more);
	io->len = width;
}

static void keep_last(struct buf *io, size_t width)
{
	pad(io, width);
	memmove(io->at, io->at + io->len - width, width);
	io->len = width;
}

static void take_step(struct buf *io, enum uidformat_step step, size_t width)
{
	switch (step) {
	case UIDFORMAT_HEX:
		make_hex(io);
		break;
	case UIDFORMAT_SUM:
		make_sum(io);
		break;
	case UIDFORMAT_LOWER:
		change_case(io, 'A', 'Z');
		break;
	case UIDFORMAT_UPPER:
		change_case(io, 'a', 'z');
		break;
	case UIDFORMAT_LAST:
		keep_last(io, width);
		break;
	}
}

static void put_piece(const struct uidformat_piece *piece,
		      const struct uidmake_values *v, struct buf *out)
{
	char room[VALUE_MAX];
	struct buf value = BUF(room);

	put_value(v, (enum uidformat_variable)piece->what, &value);
	for (uint8_t i = 0; i < piece->step_count; i++)
		take_step(&value, (enum uidformat_step)piece->steps[i], piece->width);
	if (piece->pads)
		pad(&value, piece->width);
	else if (piece->width > 0 && value.len > piece->width)
		value.len = piece->width;
	out->cut |= value.cut;
	buf_put(out, buf_span(&value));
}

void uidmake(const struct uidformat *f, const struct uidmake_values *v, struct buf *out)
{
	for (uint8_t i = 0; i < f->count; i++) {
		const struct uidformat_piece *piece = &f->pieces[i];

		if (piece->what == UIDFORMAT_LITERAL)
			buf_put(out, (struct span){ f->text + piece->at, piece->len });
		else
			put_piece(piece, v, out);
	}
}
