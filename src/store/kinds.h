/* store/kinds.h - the table of the kinds of store.
 *
 * Prefix: store_.
 */
#pragma once

#include "store/kind.h"

/* The row of a kind. Never NULL. */
const struct store_kind *store_kind(enum store_kind_id id);
