/* Two or three names of files in a Maildir, one on each line. Their order is one: no
 * two names stand in front of each other, nor three in a circle, and flags move
 * nothing. A unique-id is one that RFC 1939 allows, of the base name alone. */
#include "fuzz.h"

#include "mail/name.h"
#include "mail/packed.h"

enum { NAMES = 3 };

static int sign(int by)
{
	return (by > 0) - (by < 0);
}

static void check_order(const struct span n[NAMES])
{
	for (int a = 0; a < NAMES; a++) {
		PROMISE(name_order(n[a], n[a]) == 0);
		for (int b = 0; b < NAMES; b++)
			PROMISE(sign(name_order(n[a], n[b])) ==
				-sign(name_order(n[b], n[a])));
	}
	if (name_order(n[0], n[1]) <= 0 && name_order(n[1], n[2]) <= 0)
		PROMISE(name_order(n[0], n[2]) <= 0);
}

static bool same(struct span a, struct span b)
{
	return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

static void check_uid(struct span name)
{
	const struct span base = name_base(name);
	char uid[LISTING_UID_MAX], again[LISTING_UID_MAX], room[NAME_DUPLICATE_MAX];
	const size_t len = name_uid(base, uid);

	PROMISE(len <= sizeof uid && listing_uid_ok((struct span){ uid, len }));
	PROMISE(len == name_uid(base, again) && memcmp(uid, again, len) == 0);
	if (base.len > NAME_DUPLICATE_MAX - 19)
		return;
	const struct span duplicate = name_duplicate(base, len, room);
	PROMISE(duplicate.len == base.len + 19 &&
		same(name_base(duplicate), duplicate));
	PROMISE(!same(duplicate, base));
}

static void check_parts(struct span name)
{
	const struct span base = name_base(name);
	uint64_t first = 1, again = 2;

	PROMISE(base.len <= name.len && base.at == name.at);
	PROMISE(same(name_base(base), base));
	PROMISE(name_time_order(name_time(name), name_time(base)) == 0);
	const bool told = name_field(name, 'S', &first);
	PROMISE(told == name_field(base, 'S', &again) && (!told || first == again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = { (const char *)data, size }, n[NAMES];

	PROMISE(name_start());
	packed_by(rest);
	for (int i = 0; i < NAMES; i++) {
		span_cut(&rest, '\n', &n[i]);
		check_parts(n[i]);
		check_uid(n[i]);
	}
	check_order(n);
	return 0;
}
