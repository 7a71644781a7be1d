/* A courierpop3dsizelist of any octets. What is read of it is allowed in a list; a
 * unique-id is read back as the number that it was made of; what is written is read as
 * it was. */
#include "fuzz.h"

#include "foreign/sizelist.h"
#include "mail/name.h"

static void check_uidl(const struct sizelist_record *r)
{
	static char room[1 << 16];
	struct buf uid = BUF(room);
	struct sizelist_record again = *r;

	sizelist_uidl(r, &uid);
	PROMISE(!uid.cut && uid.len > 0);
	if (r->escaped || !sizelist_take_uidl(&again, buf_span(&uid)))
		return;
	PROMISE(again.number == r->number || again.number == 0);
	PROMISE(again.number == 0 || again.validity == r->validity);
}

static void check_record(const struct sizelist *head, const struct sizelist_record *r)
{
	static char room[1 << 16];
	struct buf out = BUF(room);
	struct sizelist l;
	struct sizelist_record again;

	PROMISE(name_base(r->name).len > 0 && !memchr(r->name.at, '/', r->name.len));
	sizelist_put_head(head, &out);
	sizelist_put(r, &out);
	PROMISE(!out.cut && sizelist_begin(&l, buf_span(&out)) && l.version == 3);
	PROMISE(sizelist_next(&l, &again) == SIZELIST_RECORD);
	PROMISE(again.octets == r->octets && again.number == r->number);
	PROMISE(again.validity == r->validity && again.is_8bit == r->is_8bit);
	PROMISE(again.name.len == r->name.len &&
		memcmp(again.name.at, r->name.at, r->name.len) == 0);
	PROMISE(sizelist_next(&l, &again) == SIZELIST_END);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sizelist l;
	struct sizelist_record r;
	struct span before = { 0 };
	enum sizelist_found found;

	if (!sizelist_begin(&l, (struct span){ (const char *)data, size }))
		return 0;
	while ((found = sizelist_next(&l, &r)) != SIZELIST_END) {
		if (found == SIZELIST_BROKEN)
			continue;
		check_uidl(&r);
		check_record(&l, &r);
		PROMISE((sizelist_order(before, r.name) < 0) ==
			(sizelist_order(r.name, before) > 0));
		before = r.name;
	}
	return 0;
}
