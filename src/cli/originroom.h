/* cli/originroom.h - memory for the messages of an origin.
 *
 * Prefix: origin_.
 */
#pragma once

#include "cli/origintypes.h"

/* Copy a text into the memory of the origin, with a NUL behind it. `at` is NULL: out of
 * memory. */
struct span origin_keep(struct origin *s, struct span text);

/* Append a message. False: out of memory. */
MUST_USE bool origin_add(struct origin *s, const struct origin_message *m);

/* Forget all messages, and keep the memory. */
void origin_empty(struct origin *s);

/* Sort the messages. */
typedef int origin_order_fn(const void *a, const void *b);
void origin_sort(struct origin *s, origin_order_fn *order);

/* A message of an origin, in another order than the origin has. */
struct origin_view {
	struct origin_message *message;
};

/* The messages of an origin by base name; messages of equal names stay in the order of
 * the origin. The caller frees the result. NULL: out of memory. */
MUST_USE struct origin_view *origin_view_by_base(struct origin *s);

/* Set is_double of each message but the first that has a base name, so that a sorted
 * origin keeps the message that the server lists first. */
MUST_USE enum fault origin_find_doubles(struct origin *s, struct why *why);

/* Compare two numbers, or two base names, for an origin_order_fn. */
int origin_by_number(uint64_t a, uint64_t b);
int origin_by_base(const struct origin_message *a, const struct origin_message *b);

/* Free the memory of names and unique-ids. */
void origin_free_blocks(struct origin *s);
