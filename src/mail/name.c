/* mail/name.c - parses the names of files in a Maildir.
 *
 * Prefix: name_.
 */
#include "mail/name.h"

#include <endian.h>
#include <sodium.h>

#include "base/ascii.h"
#include "base/buf.h"

struct span name_base(struct span name)
{
	struct span base;

	span_cut(&name, ':', &base);
	return base;
}

/* The number at the beginning of s. 0: s begins with no digit. UINT64_MAX: the number
 * is larger. */
static uint64_t leading_number(struct span s)
{
	size_t n = 0;
	uint64_t value = 0;

	while (n < s.len && ascii_is_digit(s.at[n]))
		n++;
	if (n > 0 && !span_u64((struct span){ s.at, n }, &value))
		value = UINT64_MAX;
	return value;
}

/* The digits behind the first 'M' between the first dot and the second. */
static uint64_t microseconds(struct span base)
{
	struct span seconds, unique;

	span_cut(&base, '.', &seconds);
	span_cut(&base, '.', &unique);
	const char *m = unique.len ? memchr(unique.at, 'M', unique.len) : NULL;
	return m ? leading_number(span_after(unique, (size_t)(m - unique.at) + 1)) : 0;
}

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int name_base_order(struct span a, struct span b)
{
	int by = memcmp(a.at, b.at, a.len < b.len ? a.len : b.len);

	return by ? by : order(a.len, b.len);
}

struct name_time name_time(struct span name)
{
	return (struct name_time){ leading_number(name),
				   microseconds(name_base(name)) };
}

int name_time_order(struct name_time a, struct name_time b)
{
	int by = order(a.seconds, b.seconds);

	return by ? by : order(a.microseconds, b.microseconds);
}

int name_order(struct span a, struct span b)
{
	int by = name_time_order(name_time(a), name_time(b));

	if (by == 0)
		by = name_base_order(name_base(a), name_base(b));
	return by ? by : name_base_order(a, b);
}

bool name_field(struct span name, char field, uint64_t *out)
{
	struct span rest = name_base(name), piece;

	span_cut(&rest, ',', &piece); /* the fields begin behind the first comma */
	while (rest.len > 0) {
		span_cut(&rest, ',', &piece);
		if (piece.len > 2 && piece.at[0] == field && piece.at[1] == '=')
			return span_u64(span_after(piece, 2), out);
	}
	return false;
}

bool name_wire_octets(struct span name, uint64_t stored, uint64_t *out)
{
	uint64_t s, w;

	if (!name_field(name, 'W', &w) || (name_field(name, 'S', &s) && s != stored))
		return false;
	if (w < stored || w - stored > stored + 2 || (stored == 0 && w != 0))
		return false;
	*out = w;
	return true;
}

bool name_start(void)
{
	return sodium_init() >= 0;
}

/* A base name that looks like a hash could be the unique-id of another message, so it
 * is hashed too. */
static bool is_hash(struct span s)
{
	size_t n = 0;

	while (n < s.len &&
	       (ascii_is_digit(s.at[n]) || (s.at[n] >= 'a' && s.at[n] <= 'f')))
		n++;
	return n == s.len && n == 2 * (size_t)crypto_hash_sha256_BYTES;
}

size_t name_hash(struct span base, uint64_t n, char out[LISTING_UID_MAX])
{
	const uint64_t number = htobe64(n);
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;
	struct buf b = { .at = out, .room = LISTING_UID_MAX };

	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, (const unsigned char *)&number,
				  sizeof number);
	crypto_hash_sha256_update(&state, (const unsigned char *)base.at, base.len);
	crypto_hash_sha256_final(&state, hash);
	buf_hex(&b, hash, sizeof hash);
	return b.len;
}

size_t name_uid(struct span base, char out[LISTING_UID_MAX])
{
	if (!listing_uid_ok(base) || is_hash(base))
		return name_hash(base, 0, out);
	memcpy(out, base.at, base.len);
	return base.len;
}

struct span name_duplicate(struct span base, uint64_t id, char out[NAME_DUPLICATE_MAX])
{
	struct buf b = { .at = out, .room = NAME_DUPLICATE_MAX };
	const uint64_t order = htobe64(id);

	buf_put(&b, base);
	buf_text(&b, ",I=");
	buf_hex(&b, (const unsigned char *)&order, sizeof order);
	return buf_span(&b);
}
