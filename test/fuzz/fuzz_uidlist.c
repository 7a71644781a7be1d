/* A dovecot-uidlist of any octets. What is read of it lies in the list and is allowed
 * in a list; what is written is read as it was. */
#include "fuzz.h"

#include "foreign/doveconf.h"
#include "foreign/uidlist.h"

static bool same(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static void check_record(const struct uidlist *head, const struct uidlist_record *r)
{
	static char room[1 << 16];
	struct buf out = BUF(room);
	struct uidlist l;
	struct uidlist_record again;

	PROMISE(r->uid > 0 && r->base.len > 0);
	PROMISE(!memchr(r->base.at, ':', r->base.len) &&
		!memchr(r->base.at, '/', r->base.len));
	uidlist_put_head(head, &out);
	uidlist_put(r, &out);
	PROMISE(!out.cut && uidlist_begin(&l, buf_span(&out)));
	PROMISE(l.validity == head->validity && l.next == head->next);
	PROMISE(uidlist_next(&l, &again) == UIDLIST_RECORD);
	PROMISE(again.uid == r->uid && again.order == r->order);
	PROMISE(again.has_uidl == r->has_uidl && same(again.uidl, r->uidl));
	PROMISE(same(again.guid, r->guid) && same(again.base, r->base));
	PROMISE(uidlist_next(&l, &again) == UIDLIST_END);
}

static void check_order(struct span a, struct span b)
{
	PROMISE(uidlist_order_new(a, a) == 0);
	PROMISE((uidlist_order_new(a, b) < 0) == (uidlist_order_new(b, a) > 0));
	PROMISE((uidlist_order_new(a, b) == 0) == same(a, b));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span text = { (const char *)data, size };
	struct uidlist l;
	struct uidlist_record r;
	struct span before = { 0 }, value;
	enum uidlist_found found;
	uint32_t lines = 1;

	if (doveconf_find(text, "pop3_uidl_format", &value))
		PROMISE(value.len > 0 && value.at[0] != ' ');
	if (!uidlist_begin(&l, text))
		return 0;
	while ((found = uidlist_next(&l, &r)) != UIDLIST_END) {
		PROMISE(l.line == ++lines);
		if (found == UIDLIST_BROKEN)
			continue;
		check_record(&l, &r);
		check_order(before, r.base);
		before = r.base;
	}
	return 0;
}
