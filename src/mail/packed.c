/* mail/packed.c - recognizes compressed files.
 *
 * Prefix: packed_.
 */
#include "mail/packed.h"

/* The magic octets of each format. The octet behind `magic` may be any; then `behind`
 * follows. */
static const struct {
	const char *name;
	struct span magic, behind;
} formats[] = {
	{ "gzip", SPAN("\x1f\x8b\x08"), SPAN("") },
	/* The octet between is a digit, the block size. Then comes a block, or the end
	   of an empty file. */
	{ "bzip2", SPAN("BZh"), SPAN("1AY&SY") },
	{ "bzip2", SPAN("BZh"), SPAN("\x17\x72\x45\x38\x50\x90") },
	{ "xz", SPAN("\xfd\x37zXZ\0"), SPAN("") },
	{ "zstd", SPAN("\x28\xb5\x2f\xfd"), SPAN("") },
	{ "lz4", SPAN("Dovecot-LZ4\x0d\x2a\x9b\xc5"), SPAN("") },
};

static bool stands_at(struct span s, size_t at, struct span magic)
{
	return s.len >= at + magic.len && memcmp(s.at + at, magic.at, magic.len) == 0;
}

const char *packed_by(struct span start)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		const size_t behind = formats[i].magic.len + 1;

		if (stands_at(start, 0, formats[i].magic) &&
		    (formats[i].behind.len == 0 ||
		     stands_at(start, behind, formats[i].behind)))
			return formats[i].name;
	}
	return NULL;
}
