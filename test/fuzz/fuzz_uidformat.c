/* A uidl-format of any octets: refused with a reason, or it makes the same unique-id
 * each time, and another one for another number if it has the number.
 */
#include "fuzz.h"

#include "base/uidformat.h"
#include "mail/uidmake.h"

static struct span make(const struct uidformat *f, uint32_t uid, char *room, size_t len)
{
	const struct uidmake_values values = {
		.uid = uid,
		.validity = 1700000000,
		.filename = SPAN("1276528487.M364837P9451.kurkku,S=1355"),
		.guid = SPAN("1276528487.M364837P9451.kurkku,S=1355"),
		.md5 = SPAN("0123456789abcdef0123456789abcdef"),
	};
	struct buf b = { .at = room, .room = len };

	uidmake(f, &values, &b);
	return buf_span(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uidformat f, again;
	const char *wrong = NULL;
	char a[8192], b[8192];

	if (!uidformat_parse((struct span){ (const char *)data, size }, &f, &wrong)) {
		PROMISE(wrong);
		return 0;
	}
	PROMISE(!wrong && f.count > 0);
	PROMISE(uidformat_parse((struct span){ (const char *)data, size }, &again,
				&wrong));
	PROMISE(f.sum == again.sum);
	const struct span one = make(&f, 1, a, sizeof a);
	const struct span two = make(&again, 1, b, sizeof b);
	PROMISE(one.len == two.len && memcmp(one.at, two.at, one.len) == 0);
	make(&f, UINT32_MAX, a, sizeof a);
	return 0;
}
