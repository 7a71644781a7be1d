/* store/delivery.c - delivers messages to maildrops of any kind.
 *
 * Prefix: store_.
 */
#include "store/kinds.h"
#include "store/quota.h"
#include "store/store.h"

enum fault store_accepts(const struct store_opening *o, const struct store_quota *quota,
			 uint64_t octets, struct why *why)
{
	const struct store_kind *kind = store_kind(o->place.kind);
	struct store_usage usage;

	if (!store_quota_is_set(quota))
		return kind->accepts(o, why);
	enum fault f = kind->usage(o, &usage, why);
	if (f == FAULT_NONE && !store_quota_holds(quota, &usage, octets))
		f = fault_set(why, FAULT_QUOTA, 0, "deliver to", o->place.path);
	return f;
}

enum fault store_deliver(const struct store_opening *o, const struct store_message *m,
			 const struct store_quota *quota, struct store_delivered *out,
			 struct why *why)
{
	return store_kind(o->place.kind)->deliver(o, m, quota, out, why);
}

enum fault store_spool(const struct store_opening *o, int *out_fd, struct why *why)
{
	return store_kind(o->place.kind)->spool(o, out_fd, why);
}

enum fault store_recount(const struct store_opening *o, const struct store_quota *quota,
			 bool create, struct why *why)
{
	const struct store_kind *kind = store_kind(o->place.kind);

	return kind->recount ? kind->recount(o, quota, create, why) : FAULT_NONE;
}

enum fault store_usage(const struct store_opening *o, struct store_usage *out,
		       struct why *why)
{
	return store_kind(o->place.kind)->usage(o, out, why);
}
