/* store/kinds.c - the table of the kinds of store.
 *
 * Prefix: store_. No other file of store/ includes a header of a kind.
 */
#include "store/kinds.h"

#include "store/maildir/maildir.h"

static const struct store_kind *const kinds[STORE_KINDS] = {
	[STORE_MAILDIR] = &maildir_kind,
};

const struct store_kind *store_kind(enum store_kind_id id)
{
	return kinds[id];
}
